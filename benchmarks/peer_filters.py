"""Other tools for lists of domains and words, for ``filters.py``; in an environment of their own.

    PYTHON benchmarks/peer_filters.py TOOL LIST TEXTS_JSON

TOOL: ``datatrove`` (its URLFilter with the list as ``extra_domains``, without its own lists; names
of public suffixes as tldextract ships them), ``whole`` or ``anywhere`` (pyahocorasick over text in
lower case: whole words, or any place; the longest match counts). Needs datatrove, tldextract and
pyahocorasick. Prints a JSON object: seconds of processor time, how many are found, and of the list:
seconds to load it and MB.
"""

import json
import resource
import sys
import time
from collections.abc import Callable


def datatrove(path: str) -> Callable[[list[str]], int]:
    """URLs that datatrove's filter drops."""
    from datatrove.data import Document
    from datatrove.pipeline.filters import URLFilter
    from tldextract import TLDExtract

    with open(path, encoding="utf-8") as file:
        listed = URLFilter(extra_domains=file, use_integrated_lists=False)
    listed.tldextractor = TLDExtract(suffix_list_urls=())

    def count(urls: list[str]) -> int:
        documents = (Document(text="", id="", metadata={"url": url}) for url in urls)
        return sum(listed.filter(document) is not True for document in documents)

    count(["https://warm.up.example/"])
    return count


def aho_corasick(path: str, whole: bool) -> Callable[[list[str]], int]:
    """Matches of pyahocorasick."""
    import ahocorasick

    automaton = ahocorasick.Automaton()
    with open(path, encoding="utf-8") as file:
        for word in file.read().split("\n"):
            automaton.add_word(word, len(word))
    automaton.make_automaton()

    def matches(text: str) -> int:
        found = 0
        size = len(text)
        for end, length in automaton.iter_long(text):
            begin = end - length + 1
            if whole and (
                (begin > 0 and text[begin - 1].isalnum())
                or (end + 1 < size and text[end + 1].isalnum())
            ):
                continue
            found += 1
        return found

    return lambda texts: sum(matches(text.lower()) for text in texts)


def resident_megabytes() -> float:
    """Memory of this process (Linux; elsewhere 0)."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize() / 1e6
    except OSError:
        return 0.0


def main(tool: str, path: str, texts_path: str) -> None:
    """Run one tool over the texts."""
    with open(texts_path, encoding="utf-8") as file:
        texts = json.load(file)
    if tool == "datatrove":
        datatrove("/dev/null")  # imports are no part of loading
    else:
        aho_corasick("/dev/null", False)
    before = resident_megabytes()
    started = time.process_time()
    count = datatrove(path) if tool == "datatrove" else aho_corasick(path, tool == "whole")
    load = time.process_time() - started
    megabytes = resident_megabytes() - before
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        found = count(texts)
        best = min(best, time.process_time() - started)
    print(json.dumps({"seconds": best, "found": found, "list": [load, megabytes]}))


if __name__ == "__main__":
    main(*sys.argv[1:4])
