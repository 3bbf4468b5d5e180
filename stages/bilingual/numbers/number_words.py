"""Words that multiply the number before them, in the languages that a corpus is likely to hold."""

from __future__ import annotations

from functools import cache

import numpy as np

SCALES: dict[int, str] = {
    2: "百 백",
    3: "thousand mille mil tausend тысяч тысяча тысячи тыс ألف آلاف ألفا هزار हज़ार हजार হাজার "
    "nghìn ngàn ribu bin duizend tusen tusind tuhat tysięcy tysiące tisíc ezer 千 천 พัน ពាន់",
    4: "万 萬 만 หมื่น ម៉ឺន သောင်း",
    5: "lakh lakhs लाख লাখ லட்சம் แสน សែន သိန်း",
    6: "million millions Million Millionen Mio Mio. mln млн миллион миллиона миллионов мільйон "
    "мільйонів millón millones milhão milhões milione milioni miljoen miljoner millioner "
    "milionów miliony milionů juta milyon triệu مليون ملايين میلیون मिलियन ล้าน លាន သန်း",
    7: "crore crores करोड़ করোড় কোটি கோடி",
    8: "億 亿 억",
    9: "billion billions milliard milliards Milliarde Milliarden Mrd Mrd. млрд миллиард миллиарда "
    "миллиардов мільярд мільярдів bilhão bilhões miliardo miliardi miljard miljarder "
    "miliardów miliard milyar miliar tỷ tỉ مليار مليارات میلیارد अरब พันล้าน",
    12: "trillion trillions трлн триллион триллионов triliun trilyon تريليون 兆 조 ล้านล้าน",
}
"""Power of ten -> its words. Where languages differ over a word (billion, bilhão), the one that
news and software use today: the short scale in English and Portuguese, the long one elsewhere."""


@cache
def number_words() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The words as ``read_number`` takes them: bytes, offsets int64 [words + 1], powers int64."""
    words = [(word.encode(), power) for power, text in SCALES.items() for word in text.split()]
    words.sort(key=lambda entry: (entry[0][0], -len(entry[0]), entry))
    offsets = np.cumsum([0, *(len(word) for word, _ in words)], dtype=np.int64)
    data = np.frombuffer(b"".join(word for word, _ in words), np.uint8)
    return data, offsets, np.array([power for _, power in words], np.int64)
