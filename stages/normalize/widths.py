"""Width variants of Japanese typesetting: both folds are off by default, for both can lose style.

Half-width katakana become katakana where two or more letters stand together; a lone voicing mark
is part of a face, as in (ﾟ∀ﾟ). Full-width letters and digits become ASCII; full-width punctuation
is how Chinese and Japanese are punctuated and stays.
"""

from __future__ import annotations

import re
import unicodedata

_KANA = re.compile("[\uff66-\uff9f]*[\uff66-\uff9d]{2}[\uff66-\uff9f]*")
_NARROW = {
    ord(wide): ord(wide) - 0xFEE0
    for first, last in (("０", "９"), ("Ａ", "Ｚ"), ("ａ", "ｚ"))
    for wide in map(chr, range(ord(first), ord(last) + 1))
}


def widen_kana(text: str) -> str:
    """Katakana in full width.

    >>> widen_kana("ｶﾞﾗｽ (ﾟ∀ﾟ)")
    'ガラス (ﾟ∀ﾟ)'
    """
    return _KANA.sub(lambda run: unicodedata.normalize("NFKC", run.group()), text)


def narrow_latin(text: str) -> str:
    """Full-width letters and digits in ASCII.

    >>> narrow_latin("ＡＢＣ１２３，")
    'ABC123，'
    """
    return text.translate(_NARROW)
