"""OpusFilter's rules with their defaults, for ``bitext_filters``; in an environment of its own.

Reads JSON of {left language, right language, pairs} from the standard input, writes {rule: [bool
by pair]} and seconds. Lengths are in characters where a language puts no spaces between words.
"""

import json
import sys
import time
from typing import Any

from opusfilter import filters
from opusfilter.lid import LinguaFilter

SPACELESS = {"zh", "ja", "th", "lo", "km", "my"}
SCRIPTS = {"zh": "Han", "ja": "Hiragana", "th": "Thai", "ar": "Arabic", "ru": "Cyrillic",
           "ko": "Hangul", "hi": "Devanagari"}  # fmt: skip


def rules(left: str, right: str) -> dict[str, Any]:
    """The rules that need no model to be trained or downloaded."""
    unit = "char" if right in SPACELESS else "word"
    longest = 1000 if unit == "char" else 100
    return {
        "LengthFilter": filters.LengthFilter(unit=["word", unit], max_length=[100, longest]),
        "LengthRatioFilter": filters.LengthRatioFilter(unit="char"),
        "LongWordFilter": filters.LongWordFilter(threshold=[40, longest]),
        "HtmlTagFilter": filters.HtmlTagFilter(),
        "NonZeroNumeralsFilter": filters.NonZeroNumeralsFilter(),
        "TerminalPunctuationFilter": filters.TerminalPunctuationFilter(),
        "RepetitionFilter": filters.RepetitionFilter(),
        "SimilarityFilter": filters.SimilarityFilter(),
        "LongestCommonSubstringFilter": filters.LongestCommonSubstringFilter(),
        "LinguaFilter": LinguaFilter(languages=[left, right], thresholds=[0.5, 0.5]),
    }


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    pairs = request["pairs"]
    answer, seconds = {}, {}
    for name, rule in rules(*request["languages"]).items():
        start = time.process_time()
        answer[name] = [bool(rule.accept(score)) for score in rule.score(pairs)]
        seconds[name] = time.process_time() - start
    json.dump({"accepted": answer, "seconds": seconds}, sys.stdout)


if __name__ == "__main__":
    main()
