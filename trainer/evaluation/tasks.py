"""Task files: questions with answers to choose from, or texts. One JSON object a line.

A question, whose answer is the number of the right choice from 0, or that choice itself:

    {"context": "Water boils at", "choices": ["100 °C.", "10 °C."], "answer": 0, "language": "en"}

``separator`` stands between context and choice: a space where it is not said, and nothing where the
language is written without spaces. Questions that differ in the context, as WinoGrande's do:

    {"contexts": ["Ann fell", "The cup fell"], "continuation": " and broke.", "answer": 1}

A text, for bits per byte:

    {"text": "…", "lang": "th"}

Files may be packed (.gz, .zst). A .txt file is one text; what stands before the first dot of its
name, or after the last underscore of that, is the language where it is two or three letters.
``arc=FILE`` takes the rows of a known task as they are published: see ``trainer.evaluation.forms``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainer.errors import ConfigError
from trainer.evaluation.form_files import is_form, read_form
from trainer.evaluation.questions import Question, Task, Text
from trainer.evaluation.task_lines import json_lines, read_text

WITHOUT_SPACES = frozenset(["zh", "ja", "th", "lo", "km", "my", "bo", "yue", "wuu"])
UNKNOWN = "und"
"""Language of what does not say (ISO 639-3: undetermined)."""
QUESTION_KEYS = ("context, choices, answer", "contexts, continuation, answer", "text")


def read_task(path: str) -> Task:
    """The questions or texts of a file.

    Args:
        path: of the file; or FORM=FILE, see ``trainer.evaluation.forms``.

    Raises:
        ConfigError: it cannot be read, or a line is none of the above; with its number.
    """
    if is_form(path):
        return read_form(path)
    name = Path(path).name.split(".")[0]
    if path.removesuffix(".gz").removesuffix(".zst").endswith(".txt"):
        return Task(name, texts=[Text(read_text(path), _language_of(name))])
    task = Task(name)
    for where, line in json_lines(path):
        _add(task, line, where)
    if not task.questions and not task.texts:
        raise ConfigError(f"{path}: is empty")
    return task


def _add(task: Task, line: dict[str, Any], where: str) -> None:
    """Put a line where it belongs."""
    is_text = "text" in line and "answer" not in line
    if is_text and not task.questions:
        task.texts.append(Text(_string(line, "text", where), _language(line)))
    elif not is_text and not task.texts:
        task.questions.append(_question(line, where))
    else:
        raise ConfigError(f"{where}: a file holds questions or texts, and this has both")


def _question(line: dict[str, Any], where: str) -> Question:
    language = _language(line)
    if "choices" in line:
        context, choices = _string(line, "context", where), _strings(line, "choices", where)
        usual = "" if language.split("-")[0] in WITHOUT_SPACES else " "
        separator = line.get("separator", usual)
        contexts: list[str] = [context] * len(choices)
        continuations = [f"{separator}{choice}" for choice in choices]
        answer = _answer(line, choices, where)
    elif "contexts" in line:
        contexts = _strings(line, "contexts", where)
        continuations = [_string(line, "continuation", where)] * len(contexts)
        answer = _answer(line, contexts, where)
    else:
        raise ConfigError(
            f"{where}: has the keys {', '.join(line) or 'none'}; valid: {'; '.join(QUESTION_KEYS)}"
        )
    return Question(tuple(contexts), tuple(continuations), answer, language)


def _answer(line: dict[str, Any], choices: list[str], where: str) -> int:
    """Number of the right one."""
    found = line.get("answer")
    if isinstance(found, str) and choices.count(found) == 1:
        return choices.index(found)
    if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < len(choices):
        return found
    raise ConfigError(
        f"{where}: answer is {found!r}; valid: 0 to {len(choices) - 1}, or the right choice itself"
    )


def _string(line: dict[str, Any], key: str, where: str) -> str:
    found = line.get(key)
    if not isinstance(found, str):
        raise ConfigError(f"{where}: {key} is {found!r}; a text is wanted")
    return found


def _strings(line: dict[str, Any], key: str, where: str) -> list[str]:
    found = line.get(key)
    texts = [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
    if not isinstance(found, list) or len(texts) < max(len(found), 2):
        raise ConfigError(f"{where}: {key} is {found!r}; two or more texts are wanted")
    return texts


def _language(line: dict[str, Any]) -> str:
    return str(line.get("language") or line.get("lang") or UNKNOWN)


def _language_of(name: str) -> str:
    """``udhr_th`` -> ``th``."""
    last = re.split(r"[_\-]", name)[-1]
    return last if re.fullmatch(r"[a-z]{2,3}", last) else UNKNOWN


def by_language(texts: list[Text]) -> Iterator[tuple[str, list[str]]]:
    """Language -> its texts, in the order of first appearance."""
    grouped: dict[str, list[str]] = {}
    for text in texts:
        grouped.setdefault(text.language, []).append(text.text)
    yield from grouped.items()
