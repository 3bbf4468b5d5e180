"""Which script a character belongs to, for the texts whose script alone names their language.

Only scripts with one language of note stand in the table. Left out, because the script is shared:
Latin, Cyrillic, Arabic, Devanagari and Bengali; Hebrew (Yiddish), Georgian (Mingrelian), Tibetan
(Dzongkha) and Ethiopic (Tigrinya); Han alone. Of the Burmese block, the letters of Shan and Mon
are left out.

Blocks are from the Unicode Character Database, ``Blocks.txt``.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np

from stages.language.langid_kernels import (
    CLASSES,
    FIRST_SCRIPT,
    HAN,
    KANA,
    SIMPLIFIED,
    TRADITIONAL,
)

SCRIPTS: dict[str, tuple[tuple[int, int], ...]] = {
    "el": ((0x370, 0x3E1), (0x3F0, 0x3FF), (0x1F00, 0x1FFF)),
    "hy": ((0x530, 0x58F),),
    "dv": ((0x780, 0x7BF),),
    "pa": ((0xA00, 0xA7F),),
    "gu": ((0xA80, 0xAFF),),
    "or": ((0xB00, 0xB7F),),
    "ta": ((0xB80, 0xBFF),),
    "te": ((0xC00, 0xC7F),),
    "kn": ((0xC80, 0xCFF),),
    "ml": ((0xD00, 0xD7F),),
    "si": ((0xD80, 0xDFF),),
    "th": ((0xE00, 0xE7F),),
    "lo": ((0xE80, 0xEFF),),
    "my": ((0x1000, 0x103D),),
    "km": ((0x1780, 0x17FF),),
    "ko": ((0x1100, 0x11FF), (0x3130, 0x318F), (0xAC00, 0xD7A3)),
}
"""Language -> code points, first and last."""

CHINESE, JAPANESE = "zh", "ja"
_KANA = ((0x3041, 0x3096), (0x309D, 0x309F), (0x30A1, 0x30FA), (0x30FD, 0x30FF), (0xFF66, 0xFF9D))
_HAN = ((0x3005, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFD))

_PLANES_WITH_LETTERS = 0x20000  # beyond: Han, set by its range

_SIMPLIFIED = (
    "这个们来时说国会学对发为动过种现经开关东车长门问间见进还边让认识语话该请谁读课论设许记计订证评词译试诗详误"
    "谢调谈头实应当点热爱书电脑无与业义乐习买卖专两严丽举亲亿仅从优传伤伟体债儿兴养农军决况净减则刚创剧办务劳势"
    "华协单卫厂厅历压县参双变号启员响团园围图圆圣场坏块坚备复夺奖奋妇妈孙宝审宪宫宽宾导寻将尔层属岁岛币师带帮广"
    "庆库庙废异张弹归录总惊惯战扩扫执担拥择损换摄数断旧显晓术杂权条极构样标树桥检楼欢残毕汇汉汤沟泪泽济测浏渐渔"
    "湾湿满灵灭灯炉环画疗监盖盘码确碍础离积称稳穷竞笔简类级纪约红纯纲纳纵纷纸纹线练组细织终绍绝统继续维综绿缓编"
    "缘网罗罚罢职联肃胜脉脏舰艺节苏药获虑虽补装观规视览觉触誉"
)
_TRADITIONAL = (
    "這個們來時說國會學對發為動過種現經開關東車長門問間見進還邊讓認識語話該請誰讀課論設許記計訂證評詞譯試詩詳誤"
    "謝調談頭實應當點熱愛書電腦無與業義樂習買賣專兩嚴麗舉親億僅從優傳傷偉體債兒興養農軍決況淨減則剛創劇辦務勞勢"
    "華協單衛廠廳歷壓縣參雙變號啟員響團園圍圖圓聖場壞塊堅備復奪獎奮婦媽孫寶審憲宮寬賓導尋將爾層屬歲島幣師帶幫廣"
    "慶庫廟廢異張彈歸錄總驚慣戰擴掃執擔擁擇損換攝數斷舊顯曉術雜權條極構樣標樹橋檢樓歡殘畢匯漢湯溝淚澤濟測瀏漸漁"
    "灣濕滿靈滅燈爐環畫療監蓋盤碼確礙礎離積稱穩窮競筆簡類級紀約紅純綱納縱紛紙紋線練組細織終紹絕統繼續維綜綠緩編"
    "緣網羅罰罷職聯肅勝脈臟艦藝節蘇藥獲慮雖補裝觀規視覽覺觸譽"
)
"""The same common characters in both scripts, those left out that the other script writes too
(後, 里, 台, 只 ...)."""


@cache
def class_table() -> np.ndarray:
    """uint8 [all code points]: 0, LETTER, HAN, KANA or the class of a script.

    A letter has a general category L; marks count only in the scripts of the table, where vowels
    are marks.
    """
    table = np.zeros(sys.maxunicode + 1, np.uint8)
    letters = [unicodedata.category(chr(point))[0] == "L" for point in range(_PLANES_WITH_LETTERS)]
    table[:_PLANES_WITH_LETTERS] = letters
    for script, ranges in enumerate(SCRIPTS.values(), FIRST_SCRIPT):
        for first, last in ranges:
            for point in range(first, last + 1):
                if unicodedata.category(chr(point))[0] in "LM":
                    table[point] = script
    for script, ranges in ((KANA, _KANA), (HAN, _HAN)):
        for first, last in ranges:
            table[first : last + 1] = script
    table.flags.writeable = False
    return table


def script_labels(labels: Sequence[str]) -> np.ndarray:
    """int32 [CLASSES]: the model's number of the label that each class names; -1 where none.

    Args:
        labels: of the model; ISO 639-1 codes are looked for.
    """
    numbers = {label: number for number, label in enumerate(labels)}
    found = np.full(CLASSES, -1, np.int32)
    found[KANA] = numbers.get(JAPANESE, -1)
    for script, language in enumerate(SCRIPTS, FIRST_SCRIPT):
        found[script] = numbers.get(language, -1)
    return found


@cache
def han_forms() -> np.ndarray:
    """uint8 [all code points]: SIMPLIFIED, TRADITIONAL or 0."""
    table = np.zeros(sys.maxunicode + 1, np.uint8)
    for form, characters, others in (
        (SIMPLIFIED, _SIMPLIFIED, _TRADITIONAL),
        (TRADITIONAL, _TRADITIONAL, _SIMPLIFIED),
    ):
        table[[ord(character) for character in characters if character not in others]] = form
    table.flags.writeable = False
    return table
