"""The process in which pages are taken apart; see ``html_text`` for the other end.

Reads batches from standard input and answers page by page on standard output, both framed by
lengths. Parsers of real-world HTML hang and explode on some pages, in native code that no exception
reaches: a timer of CPU time and a limit of memory end the process then, and only it. It also ends
when its standard input does, so it never outlives who started it by more than a page.
"""

from __future__ import annotations

import resource
import signal
import struct
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, BinaryIO

MEMORY_BYTES = 4 << 30
"""Address space of the process."""
_META_FACTS = {
    "content_language": ("content-language",),
    "og_locale": ("og:locale",),
    "date": (
        "article:published_time",
        "datepublished",
        "date",
        "dc.date",
        "dcterms.date",
        "dc.date.issued",
        "pubdate",
        "publishdate",
        "og:published_time",
        "article:modified_time",
    ),
}
"""Names under which pages give a fact, the likeliest first."""


def main() -> None:
    """Serve until standard input ends. Arguments: extractor, seconds of CPU time for a page."""
    extract, seconds = extractor(sys.argv[1]), float(sys.argv[2])
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    # What a library prints must not get between the answers.
    sys.stdout = sys.stderr
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform.startswith("linux"):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who started us
    _send(answers, b"{}", b"")
    while True:
        header = requests.read(4)
        if len(header) < 4:
            return
        pages = [_receive(requests) for _ in range(struct.unpack("<I", header)[0])]
        for page in pages:
            signal.setitimer(signal.ITIMER_PROF, seconds)
            facts, text = take_apart(page.decode(), extract)
            signal.setitimer(signal.ITIMER_PROF, 0)
            _send(answers, facts, text)


def take_apart(html: str, extract: Callable[[Any, str], str]) -> tuple[bytes, bytes]:
    """The facts of a page as JSON, and its text; an error is a fact."""
    import orjson
    from resiliparse.parse.html import HTMLTree

    try:
        tree = HTMLTree.parse(html)
        facts = page_facts(tree)
        text = extract(tree, html)
    except Exception as error:
        return orjson.dumps({"error": f"{type(error).__name__}: {error}"[:500]}), b""
    return orjson.dumps(_sayable(facts)), text.encode("utf-8", "replace")


def _sayable(facts: dict[str, str]) -> dict[str, str]:
    """Values that UTF-8 can hold."""
    return {name: value.encode("utf-8", "replace").decode() for name, value in facts.items()}


def page_facts(tree: Any) -> dict[str, str]:
    """Title, language, canonical URL and date, as the page gives them; those that it gives."""
    facts = {"title": " ".join((tree.title or "").split())[:1000]}
    document, head = tree.document, tree.head
    root = document.query_selector("html") if document is not None else None
    if root is not None:
        facts["html_lang"] = (root.getattr("lang") or root.getattr("xml:lang") or "")[:100]
    if head is not None:
        facts |= _head_facts(head)
    if "date" not in facts and tree.body is not None:
        moment = tree.body.query_selector("time[datetime]")
        if moment is not None:
            facts["date"] = (moment.getattr("datetime") or "")[:100]
    return {name: value.strip() for name, value in facts.items() if value.strip()}


def _head_facts(head: Any) -> dict[str, str]:
    """What ``<link>`` and ``<meta>`` say.

    One query for each name: walking through a list of nodes costs more than taking the page apart.
    """
    facts: dict[str, str] = {}
    canonical = head.query_selector('link[rel="canonical" i][href]')
    if canonical is not None:
        facts["canonical"] = (canonical.getattr("href") or "")[:4000]
    for fact, names in _META_FACTS.items():
        for selector in map(_named, names):
            meta = head.query_selector(selector)
            if meta is not None:
                facts[fact] = (meta.getattr("content") or "")[:100]
                break
    return facts


@cache
def _named(name: str) -> str:
    """The selector of ``<meta>`` elements with a name in any of its attributes."""
    attributes = ("property", "name", "itemprop", "http-equiv")
    return ", ".join(f'meta[{attribute}="{name}" i][content]' for attribute in attributes)


def extractor(setting: str) -> Callable[[Any, str], str]:
    """The function of a recipe's ``extract``: from a parsed tree or HTML to text."""
    if setting.startswith("resiliparse"):
        from resiliparse.extract.html2text import extract_plain_text

        main_content = setting == "resiliparse"

        def by_resiliparse(tree: Any, html: str) -> str:
            text: str = extract_plain_text(
                tree,
                main_content=main_content,
                comments=not main_content,
                post_meta=not main_content,
                alt_texts=False,
            )
            return text

        return by_resiliparse

    import trafilatura
    from trafilatura.settings import use_config

    config = use_config()
    options: dict[str, Any] = {
        "trafilatura": {},
        "trafilatura_fast": {"fast": True},
        "trafilatura_precision": {"favor_precision": True},
        "trafilatura_recall": {"favor_recall": True},
    }[setting]

    def by_trafilatura(tree: Any, html: str) -> str:
        text = trafilatura.extract(html, include_comments=False, config=config, **options)
        return text or ""

    return by_trafilatura


def _receive(stream: BinaryIO) -> bytes:
    """One framed message."""
    (size,) = struct.unpack("<I", stream.read(4))
    return stream.read(size)


def _send(stream: BinaryIO, facts: bytes, text: bytes) -> None:
    """One framed answer."""
    stream.write(struct.pack("<II", len(facts), len(text)) + facts + text)
    stream.flush()


if __name__ == "__main__":
    main()
