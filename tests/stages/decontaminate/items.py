"""Invented test items in six languages, and what may have become of them on a page."""

import json
import random

ITEMS = {
    "en": "A gardener plants seven rows of tulips with twelve bulbs in each row, and then gives "
    "away nineteen bulbs to a neighbour. How many bulbs does the gardener still have?",
    "fr": "Un boulanger prépare quarante-deux pains avant l'aube et en vend les deux tiers au "
    "marché du village. Combien de pains lui reste-t-il à midi ?",
    "ru": "Поезд выходит из Казани в семь утра и движется со скоростью восемьдесят километров в "
    "час. Через сколько часов он догонит автобус, выехавший на два часа раньше?",
    "ar": "اشترى خالد خمسة دفاتر وثلاثة أقلام بمبلغ سبعة وعشرين ديناراً، فإذا كان ثمن القلم ثلاثة "
    "دنانير، فكم يبلغ ثمن الدفتر الواحد؟",
    "zh": "小明的书架上有三层书，第一层比第二层多八本，第三层是第一层的两倍，三层一共有六十四本书，"
    "问第二层有多少本书？",
    "th": "แม่ค้าคนหนึ่งขายมะม่วงได้วันละสี่สิบห้าลูกและขายส้มได้มากกว่ามะม่วงสองเท่า ถ้าขายครบเจ็ดวัน "
    "แม่ค้าจะขายผลไม้ได้ทั้งหมดกี่ลูก",
}
OTHER_WORDS = {
    "en": "bicycles", "fr": "chevaux", "ru": "корабль", "ar": "سيارة", "zh": "鱼", "th": "ก",
}  # fmt: skip
SPACELESS = ("zh", "th")


def write_items(path, items=None):
    """A JSONL test set; returns its path."""
    items = ITEMS if items is None else items
    lines = [
        json.dumps({"id": name, "question": text, "answer": 7}, ensure_ascii=False)
        for name, text in items.items()
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def respaced(text, lang):
    """Other spacing: line breaks and double spaces; in Chinese and Thai spaces between letters."""
    if lang == "zh":
        return " ".join(text)
    if lang == "th":
        return "\n".join(text.split(" ")) + " "
    return "  ".join(text.split(" ")).replace(",", " ,\n")


def recased(text, lang):
    """Other case; full-width letters where there is none."""
    return text.upper() if lang in ("en", "fr", "ru") else text.replace("，", ",").replace("َ", "")


def one_word_changed(text, lang, place=None):
    """One word, or letter, replaced by another."""
    draw = random.Random(f"{lang}{place}")
    if lang in SPACELESS:
        letters = [i for i, c in enumerate(text) if c.isalpha()]
        at = letters[draw.randrange(len(letters)) if place is None else place]
        return text[:at] + OTHER_WORDS[lang] + text[at + 1 :]
    words = text.split(" ")
    words[draw.randrange(len(words)) if place is None else place] = OTHER_WORDS[lang]
    return " ".join(words)
