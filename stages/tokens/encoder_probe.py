"""The fixed text on which an encoder must agree with ``tokenizers`` before it is used.

Some lines in each of many scripts, and what encoders get wrong: long numbers in several digit
systems, runs of blanks and line ends, combining marks with and without a base, emoji of several
code points, contractions in both cases, control characters, special tokens written out as text.
"""

from __future__ import annotations

SCRIPTS: dict[str, str] = {
    "Latin": "The quick brown fox didn't jump; it's HERE, they'Ll say. Ünïcödé ﬁne ſ'S naïve coöp",
    "Vietnamese": "Trời hôm nay đẹp quá, chúng ta đi dạo nhé. Tiê\u0301ng Viê\u0323t",
    "Turkish": "İstanbul'da ılık bir gün; IĞDIR'a gidiyoruz, değil mi?",
    "Cyrillic": "Съешь ещё этих мягких французских булок, да выпей же чаю. Ґанок, їжак",
    "Greek": "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία· τί ἐστιν ἀλήθεια;",
    "Arabic": "نصٌّ حكيمٌ له سرٌّ قاطعٌ وذو شأنٍ عظيم ١٢٣٤٥٦٧ ـــ لا",
    "Persian": "می‌خواهم کتاب‌های بیشتری بخوانم ۱۲۳۴۵۶",
    "Hebrew": "דג סקרן שט בים מאוכזב; בְּרֵאשִׁית בָּרָא",
    "Devanagari": "ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण १२३४५ क्ष्म्य",
    "Bengali": "আমার সোনার বাংলা, আমি তোমায় ভালোবাসি ১২৩৪",
    "Tamil": "யாமறிந்த மொழிகளிலே தமிழ்மொழி போல் இனிதாவது எங்கும் காணோம்",
    "Telugu": "దేశ భాషలందు తెలుగు లెస్స ౧౨౩౪",
    "Malayalam": "മലയാളം ഒരു ദ്രാവിഡ ഭാഷയാണ് ൧൨൩",
    "Sinhala": "සියලු මනුෂ්‍යයෝ නිදහස්ව උපත ලබා ඇත",
    "Thai": "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า กว่าบรรดาฝูงสัตว์เดรัจฉาน ๑๒๓๔๕ น้ำ",
    "Lao": "ມະນຸດທຸກຄົນເກີດມາມີກຽດສັກສີ ໑໒໓",
    "Khmer": "មនុស្សទាំងអស់កើតមកមានសេរីភាព ១២៣៤",
    "Burmese": "လူတိုင်းသည် တူညီလွတ်လပ်သော ၁၂၃၄",
    "Tibetan": "འགྲོ་བ་མིའི་རིགས་རྒྱུད་ཡོངས་ལ ༡༢༣",
    "Georgian": "ყველა ადამიანი იბადება თავისუფალი ᲥᲐᲠᲗᲣᲚᲘ",
    "Armenian": "Բոլոր մարդիկ ծնվում են ազատ և հավասար",
    "Amharic": "የሰው ልጅ ሁሉ ሲወለድ ነጻና በክብር ፩፪፫",
    "Han": "天地玄黄，宇宙洪荒。日月盈昃，辰宿列張；二〇二六年第123456号𠮷野家",
    "Japanese": "いろはにほへと ちりぬるを。カタカナとひらがな、１２３４５円ｶﾞｷﾞ々〆ヶ",
    "Korean": "다람쥐 헌 쳇바퀴에 타고파 각가 ㄱㄴㄷ",
    "Mongolian": "ᠬᠦᠮᠦᠨ ᠪᠦᠷ ᠲᠥᠷᠥᠵᠦ",
    "Cherokee": "ᎠᏂᏴᏫ ᏂᎨᏛ ꭰꮒꮄꮕ",
    "Gothic": "𐌰𐍄𐍄𐌰 𐌿𐌽𐍃𐌰𐍂 𐌸𐌿",
}
"""One line each in the scripts of the languages that corpora are made of, and some rare ones."""

HARD_CASES: tuple[str, ...] = (
    "",
    " ",
    "\n",
    "a",
    "\x00\x01\x7f\x85\xa0\u200b\u2028\ufeff\ufffd",
    "   leading, trailing   ",
    "tabs\t\tand  blanks \n\n\n  \r\n\r\n\t end\n",
    "\r\r\n \n\r a \n",
    "0 12 345 6789 1234567890 3.14159 1,000,000 ½ Ⅷ x² ①②③ 12ab34 ٣٤٥٦٧",
    "I'm we're you've he'd she'll it's can't I'M WE'RE IT'S 'tis rock'n'roll ’s it’s",
    'def f(x):\n    return {\'a\': [1, 2], "b": x**2}  # comment\n\n\nif __name__ == "__main__":\n',
    "<p class='x'>a&amp;b</p> https://example.org/a/b?c=d&e=f#g user@example.org ////\n//\n",
    "!!!??? ... --- === *** ###\n$€£¥ ±×÷ →⇒ ─━│ ░▒▓ «»„“”‚‘’",
    "👍🏽 👨‍👩‍👧‍👦 🇫🇷🇩🇪 ❤️ 1️⃣ ☕︎ 😀😀😀",
    "e\u0301 \u0301 \u0301\u0302 n\u0303\u0303\u0303 \u0e49\u0e4d \u094d \u200d\u200c",
    "<|endoftext|><|pad|> <|endoftext|>\n</s><s> [PAD] <|im_start|>user<|im_end|>",
    "camelCase HTTPServer XMLHttpRequest ÉCOLE Éa ǅungla ʰa ªº ﷺ ﬀﬁ",
    "a" * 300,
    " " * 300,
    "\n" * 50,
    "中" * 100 + "ก" * 100,
)

PROBE_TEXTS: tuple[str, ...] = (*SCRIPTS.values(), *HARD_CASES, "\n".join(SCRIPTS.values()))
