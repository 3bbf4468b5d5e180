"""The HeLI method in plain Python, on dictionaries: slow and obvious."""

import re
import unicodedata

import numpy as np

from stages.language.heli_model import Table, build_model

NAMES = {"eng": "en", "deu": "de", "cmn": "zh", "hbs": "sh", "hbshrv": "hr of hbs", "ell": "el"}
"""Numbers of languages in order, as ``heli_labels.yaml`` has them."""

TRAINING = {
    "eng": "the quick brown fox jumps over the lazy dog and the cat of the house",
    "deu": "der schnelle braune fuchs springt über den faulen hund und die katze des hauses",
    "cmn": "敏捷的棕色狐狸 跳过 懒狗 我们 说话",
    "hbshrv": "brza smeđa lisica preskače lijenog psa i mačku iz kuće",
    "ell": "η γρήγορη καφέ αλεπού πηδάει πάνω από το σκυλί της",
}


def counts():
    """Table number (0 words, else n) -> key -> language number -> cost."""
    tables = [{} for _ in range(7)]
    for code, text in TRAINING.items():
        language = list(NAMES).index(code)
        for order in range(7):
            grams = text.split()
            if order:
                padded = [f" {word} " for word in grams]
                grams = [w[i : i + order] for w in padded for i in range(len(w) - order + 1)]
            for gram in sorted(set(grams)):
                cost = np.float32(-np.log10(np.float32(grams.count(gram) / len(grams))))
                tables[order].setdefault(gram, {})[language] = cost
    return tables


def small_model():
    """The same as arrays."""
    tables = []
    for kind, table in enumerate(counts()):
        keys = [key.encode() for key in table]
        tables.append(
            Table(
                kind,
                np.array([len(key) for key in keys], np.int64),
                np.frombuffer(b"".join(keys), np.uint8),
                np.array([len(costs) for costs in table.values()], np.int64),
                np.array([lang for costs in table.values() for lang in costs], np.uint8),
                np.array([c for costs in table.values() for c in costs.values()], np.float32),
            )
        )
    return build_model(tables, NAMES)


def is_chinese(character):
    """Is it a letter of a block whose name begins with CJK?"""
    point = ord(character)
    blocks = ((0x3000, 0x303F), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF))
    planes = ((0x20000, 0x323AF), (0xFE30, 0xFE4F))
    return any(first <= point <= last for first, last in blocks + planes)


def words_of(text):
    """Words, letters, and how many of these are Chinese."""
    kept = "".join(
        c if unicodedata.category(c)[0] in "LM" or c in "#'´।′’" or 0xAE6 <= ord(c) <= 0xAF1
        else " "
        for c in text.lower()
    )  # fmt: skip
    runs = [re.findall(r"c+|n+", "".join("cn"[not is_chinese(c)] for c in w)) for w in kept.split()]
    words = []
    for word, shapes in zip(kept.split(), runs, strict=True):
        for shape in shapes:
            words.append(word[: len(shape)])
            word = word[len(shape) :]
    letters = "".join(words)
    return words, len(letters), sum(map(is_chinese, letters))


def reference_answer(text, tables, names=NAMES):
    """(language number, margin, cost) of a text, as ``score_texts`` answers."""
    languages = len(names) + 1
    points = np.zeros(languages, np.float32)
    words, letters, chinese = words_of(text)
    for word in words:
        for order in (0, 6, 5, 4, 3, 2, 1):
            padded = f" {word} "
            grams = [padded[i : i + order] for i in range(len(padded) - order + 1)]
            found = [tables[order][g] for g in (grams if order else [word]) if g in tables[order]]
            if found:
                scores = np.zeros(languages, np.float32)
                for costs in found:
                    for language in range(languages):
                        scores[language] += costs.get(language, np.float32(7.0))
                points += scores / np.float32(len(found))
                break
    if not words:
        return -1, 0.0, 8.0
    points /= np.float32(len(words))
    if chinese / letters > 0.5:
        points[[code not in ("cmn", "jpn") for code in names] + [True]] = 8
    order = sorted(range(languages), key=lambda language: (points[language], -language))
    best = order[0]
    group = {4: 3}
    rest = [points[k] for k in order if group.get(k, k) != group.get(best, best)]
    return best, min(rest[0], 8) - points[best], points[best]
