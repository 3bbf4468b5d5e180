"""Training a tokenizer, from documents to a folder that others load.

documents -> count by language -> plan the sample -> learn merges -> folder
                                        |                              |
                                        +---- held-out text ------- measure
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from formats.tokenizer_files import read_tokenizer_files
from formats.units import format_bytes
from tokenizer_train.documents import Documents
from tokenizer_train.export import build_tokenizer, write_tokenizer
from tokenizer_train.held_out import LONGEST_TEXT, HeldOut, measure
from tokenizer_train.learn import (
    SAFE_SAMPLE_BYTES,
    Vocabulary,
    backend_name,
    learn_vocabulary,
)
from tokenizer_train.progress import Progress, no_progress
from tokenizer_train.sample import (
    BINS,
    LanguageCount,
    LanguagePlan,
    choose,
    count_batch,
    plan_sample,
    text_lengths,
)
from tokenizer_train.settings import BYTE_ENTRIES, TokenizerOptions

TEXTS_AT_ONCE = 256
"""What the trainer takes in one list."""

log = logging.getLogger(__name__)


class TooFewPairs(ValueError):  # noqa: N818 - the name a user reads: what it is, not what we do
    """The sample does not hold enough pairs for the vocabulary asked for."""


@dataclass(frozen=True)
class TrainingReport:
    """What a training gave."""

    folder: str
    vocab_size: int
    """Entries reached, special tokens included."""
    sha256: str
    """Of tokenizer.json."""
    special_ids: dict[str, int]
    """Role -> id."""
    bytes_per_token: dict[str, float]
    """Language -> bytes of held-out text per token; languages without held-out text are absent."""
    notes: list[str]
    """What a person should know: a size not reached, a balance not possible."""
    training: dict[str, Any]
    """The contents of training.json."""


@dataclass
class _Sample:
    """The sample as it is read: counted while it streams by."""

    learned_documents: dict[str, int]
    learned_bytes: dict[str, int]
    held_out: dict[str, list[str]]
    special_strings: dict[str, int] = field(default_factory=dict)
    """Special token -> how often it stood in the text, where it was replaced by a space."""


def train(
    documents: Documents,
    folder: str,
    options: TokenizerOptions | None = None,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> TrainingReport:
    """Train a byte-level BPE tokenizer and write its folder.

    The same documents, options and seed give the same bytes, however the documents are cut into
    parts and in whatever order they come.

    Args:
        documents: what to learn from; each part is read twice.
        folder: where the tokenizer goes, a path or URL.
        options: see ``TokenizerOptions``; None: the defaults.
        seed: chooses the sample.
        progress: called with a step of ``tokenizer_train.progress.STEPS`` and the share done.

    Raises:
        ValueError: there is no text.
        TooFewPairs: the vocabulary cannot be reached and ``when_short`` is ``fail``.
    """
    options = options or TokenizerOptions()
    report = progress or no_progress
    counts = _count(documents, seed, report)
    plan = plan_sample(counts, options.sample_bytes, options.language_temperature)
    sample = _Sample(dict.fromkeys(plan, 0), dict.fromkeys(plan, 0), {name: [] for name in plan})
    special = options.special.in_order()

    texts = _read_sample(documents, plan, sample, special, seed, report)
    vocabulary = learn_vocabulary(texts, options, options.vocab - len(special))
    report("merge", 1.0)
    notes = _notes(options, plan, sample, vocabulary)

    tokenizer = build_tokenizer(vocabulary, options)
    held_out = measure(tokenizer, _in_fixed_order(sample.held_out), lambda x: report("measure", x))
    training = _training(options, seed, plan, sample, vocabulary, held_out, notes)
    write_tokenizer(folder, tokenizer, options.special, training)
    written = read_tokenizer_files(folder)
    for note in notes:
        log.warning("%s", note)
    rates = {name: result.bytes_per_token for name, result in held_out.items()}
    return TrainingReport(
        folder=folder,
        vocab_size=written.vocab_size,
        sha256=written.sha256,
        special_ids=dict(written.special_ids),
        bytes_per_token={name: rate for name, rate in rates.items() if rate is not None},
        notes=notes,
        training=training,
    )


def _count(documents: Documents, seed: int, report: Progress) -> dict[str, LanguageCount]:
    """The first pass: what there is of each language."""
    counts: dict[str, LanguageCount] = {}
    for number, part in enumerate(documents):
        for batch in part():
            count_batch(batch, seed, counts)
        report("count", (number + 1) / len(documents))
    if not any(count.text_bytes for count in counts.values()):
        raise ValueError(f"no text to learn from in {len(documents)} files")
    return counts


def _read_sample(
    documents: Documents,
    plan: Mapping[str, LanguagePlan],
    sample: _Sample,
    special: list[str],
    seed: int,
    report: Progress,
) -> Iterator[list[str]]:
    """The second pass: texts to learn from, in lists; held-out texts go into ``sample``."""
    for number, part in enumerate(documents):
        for batch in part():
            learned, held_out, languages = choose(batch, seed, dict(plan))
            lengths = text_lengths(batch)
            indices = languages.indices.to_numpy(zero_copy_only=False)
            for code, language in enumerate(languages.dictionary.to_pylist()):
                mine = learned & (indices == code)
                sample.learned_documents[language] += int(mine.sum())
                sample.learned_bytes[language] += int(lengths[mine].sum())
                sample.held_out[language] += _held_out_texts(batch, held_out & (indices == code))
            texts = batch.column("text").filter(pa.array(learned))
            texts = _without_special_strings(texts, special, sample)
            for start in range(0, len(texts), TEXTS_AT_ONCE):
                yield texts.slice(start, TEXTS_AT_ONCE).to_pylist()
        report("sample", (number + 1) / len(documents))
    report("merge", 0.0)


def _held_out_texts(batch: pa.RecordBatch, rows: Any) -> list[str]:
    texts = batch.column("text").filter(pa.array(rows))
    return [text[:LONGEST_TEXT] for text in texts.to_pylist()]


def _without_special_strings(texts: pa.Array, special: list[str], sample: _Sample) -> pa.Array:
    """The texts with what looks like a special token replaced by a space, and counted."""
    for token in special:
        found = pc.sum(pc.count_substring(texts, token)).as_py() or 0
        if found:
            texts = pc.replace_substring(texts, token, " ")
            sample.special_strings[token] = sample.special_strings.get(token, 0) + found
    return texts


def _in_fixed_order(texts: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Languages by name; documents do not need an order, only their sums are used."""
    return {name: texts[name] for name in sorted(texts)}


def _notes(
    options: TokenizerOptions,
    plan: Mapping[str, LanguagePlan],
    sample: _Sample,
    vocabulary: Vocabulary,
) -> list[str]:
    """What a person should know of this training.

    Raises:
        TooFewPairs: see ``train``.
    """
    notes = []
    used = sum(sample.learned_bytes.values())
    reached = len(vocabulary.ids) + len(options.special.in_order())
    if reached < options.vocab:
        limit = ", max_token_length" if options.max_token_length else ""
        message = (
            f"vocab: {options.vocab:,} asked for, {reached:,} possible: {format_bytes(used)} of "
            f"text hold no further pair seen {options.min_frequency} times or more. "
            f"Give more text, or lower vocab or min_frequency{limit}"
        )
        if options.when_short == "fail":
            raise TooFewPairs(message)
        notes.append(message)
    takes_all = all(language.start_bins == BINS for language in plan.values())
    if takes_all and options.language_temperature not in (None, 1.0) and len(plan) > 1:
        notes.append(
            f"language_temperature: without effect, since the sample ({format_bytes(used)}) is all "
            f"the text there is; a smaller sample_bytes leaves room to balance"
        )
    if used > SAFE_SAMPLE_BYTES:
        notes.append(
            f"sample_bytes: {backend_name()} miscounts pairs seen more than 2,147,483,647 times; "
            f"samples up to {format_bytes(SAFE_SAMPLE_BYTES)} are safe"
        )
    return notes


def _training(
    options: TokenizerOptions,
    seed: int,
    plan: Mapping[str, LanguagePlan],
    sample: _Sample,
    vocabulary: Vocabulary,
    held_out: Mapping[str, HeldOut],
    notes: list[str],
) -> dict[str, Any]:
    """The contents of training.json: no times, no paths, so that equal trainings are equal."""
    special = options.special.in_order()
    return {
        "version": 1,
        "backend": backend_name(),
        "seed": seed,
        "settings": options.model_dump(mode="json"),
        "vocabulary": {
            "asked": options.vocab,
            "reached": len(vocabulary.ids) + len(special),
            "bytes": BYTE_ENTRIES,
            "merges": len(vocabulary.merges),
            "special": len(special),
        },
        "sample": {
            "asked_bytes": options.sample_bytes,
            "used_bytes": sum(sample.learned_bytes.values()),
            "used_documents": sum(sample.learned_documents.values()),
            "special_strings_in_text": dict(sorted(sample.special_strings.items())),
        },
        "bytes_per_token": HeldOut(
            sum(result.documents for result in held_out.values()),
            sum(result.text_bytes for result in held_out.values()),
            sum(result.tokens for result in held_out.values()),
        ).bytes_per_token,
        "languages": {
            name: {
                "documents": plan[name].documents,
                "text_bytes": plan[name].text_bytes,
                "wanted_bytes": plan[name].wanted_bytes,
                "used_bytes": sample.learned_bytes[name],
                "used_documents": sample.learned_documents[name],
                "held_out_documents": held_out[name].documents,
                "held_out_bytes": held_out[name].text_bytes,
                "bytes_per_token": held_out[name].bytes_per_token,
            }
            for name in sorted(plan)
        },
        "notes": notes,
    }
