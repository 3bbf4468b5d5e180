"""Builds the crawl of the sample corpus and the truth about it.

    python -m pipeline.sample.build_crawl [--out FOLDER]

Reads ``corpus/articles/*.jsonl`` and ``snippets/*.yaml``, writes ``corpus/crawl/crawl.jsonl``
and ``truth.jsonl``. Nothing is drawn at random: what looks arbitrary (the order of the pages, their
sites, missing labels) follows from a hash of the page, so the same input gives the same bytes.
Pages made from a language without articles are left out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import yaml

from pipeline.sample import SAMPLE, TRUTH_FILE

CRAWL_FILE = "crawl/crawl.jsonl"

EXPECT = {
    "article": "keep",
    "good": "keep",
    "related": "keep",
    "wrong_label": "keep",
    "boilerplate": "repair",
    "control_characters": "repair",
    "mojibake": "repair",
    "personal_data": "repair",
    "code": "either",
    "mixed": "either",
    "short": "either",
    "broken": "quarantine",
}
"""What should become of a kind of page; ``drop`` for all others."""

SITES = (
    "brickyard", "coldharbour", "daybook", "fernhill", "gullsway", "inkpot", "juniper-lane",
    "kettlewell", "lanternpost", "millrace", "northgate", "oxbow", "pebbledash", "quayside",
    "ropewalk", "saltmarsh", "tollhouse", "underhill", "willowbank", "yardarm",
)  # fmt: skip

UNLABELLED = 8
"""One page in so many has no language label."""

BROKEN_LINES: dict[int, tuple[str, bytes]] = {
    25: ("crawl-broken-json", b'{"id": "crawl-broken-json", "text": "This line was cut off in the'),
    90: ("crawl-broken-text", b'{"id": "crawl-broken-text", "title": "Saved without its text"}'),
    150: (
        "crawl-broken-utf8",
        b'{"id": "crawl-broken-utf8", "text": "Un caf\xe9 cr\xe8me, s\'il vous pla\xeet."}',
    ),
}
"""Line number -> id and bytes: cut-off JSON, no text, not UTF-8."""

# A token is a character of a script without spaces, or a run of word characters.
_SPACELESS = "\u0e00-\u0e7f\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(f"[{_SPACELESS}]|[^\\W{_SPACELESS}]+")
NGRAM = 5


@dataclass
class Page:
    """One page of the crawl and the truth about it."""

    kind: str
    lang: str
    text: str
    key: str
    """What makes the page itself; its id is a hash of this."""
    claimed: str | None = None
    """The label, where it is not the true language."""
    title: str | None = None
    of: str | None = None
    jaccard: float | None = None
    clean: str | None = None
    personal_data: list[str] = field(default_factory=list)
    expect: str = ""

    def __post_init__(self) -> None:
        """Derive id and site from the key, and the expectation from the kind."""
        digest = hashlib.sha256(f"{self.kind}\0{self.key}".encode()).digest()
        self.id = "crawl-" + digest[:5].hex()
        self.url = f"https://{SITES[digest[5] % len(SITES)]}.example/{digest[6:10].hex()}"
        self.expect = self.expect or EXPECT.get(self.kind, "drop")
        self._labelled = self.claimed is not None or digest[10] % UNLABELLED != 0

    def crawl_line(self) -> dict[str, Any]:
        """What the crawl says about the page."""
        line: dict[str, Any] = {"id": self.id, "url": self.url}
        if self._labelled:
            line["lang"] = self.claimed or ("en" if self.lang == "und" else self.lang)
        if self.title:
            line["title"] = self.title
        return line | {"text": self.text}

    def truth_line(self, line: int) -> dict[str, Any]:
        """What is true about the page, which stands on that line."""
        truth = truth_line(CRAWL_FILE, line, self.id, self.kind, self.lang)
        truth |= {"of": self.of, "jaccard": self.jaccard, "personal_data": self.personal_data}
        truth["expect"] = self.expect
        return truth if self.clean is None else truth | {"clean": self.clean}


def truth_line(file: str, line: int, id_: str, kind: str, lang: str) -> dict[str, Any]:
    """A line of the truth that says nothing special."""
    return {
        "file": file,
        "line": line,
        "id": id_,
        "kind": kind,
        "lang": lang,
        "of": None,
        "jaccard": None,
        "personal_data": [],
        "expect": EXPECT.get(kind, "drop"),
    }


def tokens(text: str) -> list[str]:
    """Words in lower case (form C); every Han, kana or Thai character is a word of its own."""
    return _TOKEN.findall(unicodedata.normalize("NFC", text).lower())


def jaccard(a: str, b: str) -> float:
    """Shared 5-grams of tokens over all 5-grams of the two texts, to six digits."""
    first, second = _ngrams(a), _ngrams(b)
    union = first | second
    return round(len(first & second) / len(union), 6) if union else 1.0


def _ngrams(text: str) -> set[tuple[str, ...]]:
    words = tokens(text)
    return {tuple(words[i : i + NGRAM]) for i in range(len(words) - NGRAM + 1)}


def misread(text: str, encoding: str) -> str:
    """Text whose UTF-8 bytes were taken for another encoding of one byte per character.

    Bytes that the encoding does not define become the control character of the same number, as
    browsers do it.
    """
    table = [bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in range(256)]
    return "".join(table[byte] for byte in text.encode())


def sprinkle(text: str, marks: Sequence[str], every: int) -> str:
    """Text with one of the marks, in turn, after every so many letters."""
    pieces: list[str] = []
    turn = cycle(marks)
    letters = 0
    for here, after in zip(text, text[1:] + "\n", strict=True):
        pieces.append(here)
        letters += here.isalpha()
        # A mark that combines with a letter stays with it.
        if letters >= every and unicodedata.category(after)[0] != "M":
            pieces.append(next(turn))
            letters = 0
    return "".join(pieces)


def read_articles(folder: Path) -> dict[str, dict[str, Any]]:
    """All articles by id, languages in alphabetical order."""
    articles: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            article = json.loads(line)
            articles[article["id"]] = article
    return articles


def excerpt(article: dict[str, Any], wish: dict[str, Any]) -> str:
    """The paragraphs of an article that an entry asks for."""
    paragraphs = article["text"].split("\n\n")
    return "\n\n".join(paragraphs[i] for i in wish.get("paragraphs", range(len(paragraphs))))


class Builder:
    """Makes the pages of the crawl."""

    def __init__(self, folder: Path) -> None:
        """Read the articles and snippets below a folder."""
        self.articles = read_articles(folder / "corpus" / "articles")
        self.snippets = {
            path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
            for path in sorted((folder / "snippets").glob("*.yaml"))
        }
        self.menus = {p["lang"]: p["text"] for p in self.snippets["pages"] if p["kind"] == "menu"}

    def pages(self) -> list[Page]:
        """All pages, in the order of the crawl."""
        pages = [*self._derived(), *self._near_copies(), *self._written()]
        return sorted(pages, key=lambda page: page.id)

    def _written(self) -> Iterator[Page]:
        """Pages written by hand."""
        for kind, file in (("good", "good"), ("personal_data", "personal"), ("", "pages")):
            for entry in self.snippets[file]:
                entry = {"kind": kind} | entry
                times = entry.pop("times", 0)
                join = entry.pop("join", "\n")
                line = entry.pop("lines", None)
                data = entry.pop("personal_data_from", None)
                numbers = range(1, times + 1)
                if line is not None:
                    entry["text"] = join.join(line.format(n=n) for n in numbers)
                if data is not None:
                    entry["personal_data"] = [data.format(n=n) for n in numbers]
                yield Page(key=entry["text"], **entry)

    def _near_copies(self) -> Iterator[Page]:
        """Articles with the changes listed in ``edits.yaml``."""
        for entry in self.snippets["edits"]:
            if (article := self.articles.get(entry["of"])) is None:
                continue
            text = article["text"]
            for old, new in entry["changes"]:
                if text.count(old) != 1:
                    raise ValueError(f"edits.yaml: {entry['of']} does not hold once: {old!r}")
                text = text.replace(old, new)
            yield self._from_article("near_copy", article, text)

    def _derived(self) -> Iterator[Page]:
        """Pages made from articles as ``derived.yaml`` says."""
        for kind, entries in self.snippets["derived"].items():
            for entry in entries:
                ids = [entry["of"], *([entry["with"]] if "with" in entry else [])]
                if all(id_ in self.articles for id_ in ids):
                    yield getattr(self, f"_{kind}")(self.articles[entry["of"]], entry)

    def _from_article(
        self, kind: str, article: dict[str, Any], text: str, clean: str | None = None, **also: Any
    ) -> Page:
        damaged = kind in ("mojibake", "control_characters")
        compared = clean if damaged and clean is not None else text
        return Page(
            kind=kind,
            text=text,
            key=text,
            of=article["id"],
            clean=clean,
            jaccard=jaccard(compared, article["text"]),
            **({"lang": article["lang"], "title": article["title"]} | also),
        )

    def _exact_copy(self, article: dict[str, Any], entry: dict[str, Any]) -> Page:
        return self._from_article("exact_copy", article, excerpt(article, entry))

    def _related(self, article: dict[str, Any], entry: dict[str, Any]) -> Page:
        text = excerpt(article, entry) + "\n\n" + entry["remark"]
        return self._from_article("related", article, text)

    def _wrong_label(self, article: dict[str, Any], entry: dict[str, Any]) -> Page:
        text = excerpt(article, entry)
        return self._from_article("wrong_label", article, text, claimed=entry["claimed"])

    def _boilerplate(self, article: dict[str, Any], entry: dict[str, Any]) -> Page:
        clean = excerpt(article, entry)
        frame = self.snippets["wrapping"][article["lang"]]
        menu = [self.menus[article["lang"]]] if entry.get("menu") else []
        above = "\n".join([*menu, *frame["before"], article["title"]])
        below = "\n".join([*frame["after"], *menu])
        # Whether a page that is mostly frame is worth its text is a matter of policy.
        return self._from_article(
            "boilerplate",
            article,
            f"{above}\n\n{clean}\n\n{below}",
            clean,
            expect="either" if menu else "repair",
        )

    def _mojibake(self, article: dict[str, Any], entry: dict[str, Any]) -> Page:
        clean = text = excerpt(article, entry)
        for encoding in entry["read_as"]:
            text = misread(text, encoding)
        return self._from_article("mojibake", article, text, clean, title=None)

    def _control_characters(self, article: dict[str, Any], entry: dict[str, Any]) -> Page:
        clean = excerpt(article, entry)
        if "line_ends" in entry:
            text = clean.replace("\n", entry["line_ends"])
        else:
            text = sprinkle(clean, entry["insert"], entry["every"])
        return self._from_article("control_characters", article, text, clean)

    def _mixed(self, article: dict[str, Any], entry: dict[str, Any]) -> Page:
        other = self.articles[entry["with"]]["text"].split("\n\n")
        pairs = zip(article["text"].split("\n\n"), other, strict=True)
        text = "\n\n".join(pair[i % 2] for i, pair in enumerate(pairs))
        return self._from_article("mixed", article, text, lang="und", claimed=article["lang"])


def build(folder: Path, out: Path) -> None:
    """Write the crawl and the truth.

    Args:
        folder: holds ``corpus/articles`` and ``snippets``.
        out: the crawl and the truth are written below it.
    """
    builder = Builder(folder)
    truth = list(_article_truth(builder.articles.values()))
    crawl: list[bytes] = []
    for page in builder.pages():
        _add_broken(crawl, truth)
        crawl.append(_json(page.crawl_line()))
        truth.append(page.truth_line(len(crawl)))
    (out / "corpus" / CRAWL_FILE).parent.mkdir(parents=True, exist_ok=True)
    (out / "corpus" / CRAWL_FILE).write_bytes(b"".join(line + b"\n" for line in crawl))
    (out / TRUTH_FILE).write_bytes(b"".join(_json(line) + b"\n" for line in truth))


def _article_truth(articles: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    lines: dict[str, int] = {}
    for article in articles:
        lang = article["lang"]
        lines[lang] = lines.get(lang, 0) + 1
        file = f"articles/{lang}.jsonl"
        yield truth_line(file, lines[lang], article["id"], "article", lang)


def _add_broken(crawl: list[bytes], truth: list[dict[str, Any]]) -> None:
    """Put the broken line whose turn it is."""
    number = len(crawl) + 1
    if number in BROKEN_LINES:
        id_, line = BROKEN_LINES[number]
        crawl.append(line)
        truth.append(truth_line(CRAWL_FILE, number, id_, "broken", "und"))


def _json(line: dict[str, Any]) -> bytes:
    return json.dumps(line, ensure_ascii=False).encode()


def main() -> None:
    """Build from, and by default into, the folder of the package."""
    parser = argparse.ArgumentParser(description="Build the crawl of the sample corpus.")
    parser.add_argument("--out", type=Path, default=SAMPLE, help="where to write")
    build(SAMPLE, parser.parse_args().out)


if __name__ == "__main__":
    main()
