"""Other tools for personal data, for ``pii.py``; in environments of their own.

    PYTHON benchmarks/peer_pii.py TOOL TEXTS_JSON

TOOL: ``datatrove`` (its PIIFormatter: e-mail and IPv4), ``scrubadub`` (its default detectors) or
``phonenumbers`` (Google's matcher, valid numbers, national ones as in the United States). Prints a
JSON object: seconds of processor time, and how many places were found.
"""

import json
import sys
import time
from collections.abc import Callable


def datatrove() -> Callable[[str], int]:
    """Replacements of datatrove's formatter."""
    from datatrove.pipeline.formatters import PIIFormatter

    formatter = PIIFormatter(email_replacement="\ue000", ip_replacement="\ue000")
    return lambda text: formatter.format(text).count("\ue000")


def scrubadub() -> Callable[[str], int]:
    """Findings of scrubadub."""
    import scrubadub as library

    scrubber = library.Scrubber()
    return lambda text: sum(1 for _ in scrubber.iter_filth(text))


def phonenumbers() -> Callable[[str], int]:
    """Findings of libphonenumber's port."""
    from phonenumbers import PhoneNumberMatcher

    return lambda text: sum(1 for _ in PhoneNumberMatcher(text, "US"))


TOOLS = {"datatrove": datatrove, "scrubadub": scrubadub, "phonenumbers": phonenumbers}


def main(tool: str, path: str) -> None:
    """Run one tool over the texts."""
    with open(path, encoding="utf-8") as file:
        texts = json.load(file)
    count = TOOLS[tool]()
    count("warm up: me@example.org")
    started = time.process_time()
    found = sum(map(count, texts))
    print(json.dumps({"seconds": time.process_time() - started, "found": found}))


if __name__ == "__main__":
    main(*sys.argv[1:3])
