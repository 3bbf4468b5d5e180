"""datatrove's definitions in a few slow lines: words by regular expressions, signals by lists."""

import re
import unicodedata
from collections import Counter

from stages.quality.datatrove.classes import (
    BEFORE_A_STOP,
    CURRENCIES,
    NOT_TERMINAL,
    PREFIXES,
    PUNCTUATION_MARKS,
    QUOTES,
    SYMBOLS,
)
from stages.text_kernels import TERMINALS

ENDS = "".join(c for c in TERMINALS if c not in NOT_TERMINAL)


def kind(character):
    return unicodedata.category(character)


def is_lower(character):
    return kind(character) in ("Ll", "Lo", "Mn", "Mc")


def is_upper(character):
    return kind(character) in ("Lu", "Lo", "Mn", "Mc")


def is_alpha(character):
    return is_lower(character) or is_upper(character)


def is_number(character):
    return character in "0123456789" and character != ""


def at(text, position):
    return text[position] if 0 <= position < len(text) else "\0"


def prefix(text, language):
    """Characters to split off the front."""
    if found := re.match(r"\.\.+", text):
        return found.end()
    if text[0] == "+":
        return 0 if is_number(at(text, 1)) else 1
    if language == "de" and text.startswith("``"):
        return 2
    if text[0] in PUNCTUATION_MARKS + QUOTES + PREFIXES + CURRENCIES or kind(text[0]) == "So":
        return 1
    if language == "fr" and re.match("[dln]['’]", text, re.I) and is_alpha(at(text, 2)):
        return 2
    return 0


def suffix(text, language):
    """Characters to split off the end."""
    if found := re.search(r"\.\.+$", text):
        return len(found[0])
    last, previous = text[-1], at(text, len(text) - 2)
    number = is_number(previous)
    if last == ".":
        if len(text) == 1:
            return 0
        marks = QUOTES + BEFORE_A_STOP + ("()?:" if language == "fr" else PUNCTUATION_MARKS)
        if is_lower(previous) or previous in marks or (number and language != "de"):
            return 1
        return int(kind(previous) == "Lu" and len(text) > 2 and is_upper(text[-3]))
    if kind(last) == "So":
        return 0 if language == "fr" else 1
    if last == "%":
        return int(number and language != "es")
    if last in PUNCTUATION_MARKS + QUOTES + "—–":
        return 1
    if last in CURRENCIES + "+":
        return int(number)
    if language == "de":
        return int(last == "/")
    if language in ("en", "ru") and re.search("['’][sS]$", text):
        return 2
    if language == "en":
        found = re.fullmatch("(.+?)(n['’]t|['’](?:m|ll|d|re|ve))", text, re.I | re.S)
        if found and all(map(is_alpha, found[1])):
            return len(found[2])
    return 0


HOST = r"[A-Za-z0-9\u0080-\U0010ffff]([A-Za-z0-9_\u0080-\U0010ffff-]*[A-Za-z0-9\u0080-\U0010ffff])?"


def is_address(text):
    text = re.sub(r"^[A-Za-z0-9_.+\u0080-\U0010ffff-]{2,}://", "", text)
    for part in [text.rpartition("@")[2]] * ("@" in text[1:]) + [text]:
        found = re.fullmatch(rf"({HOST}\.)+([^\s./?#:_@-]+)(:\d{{2,5}})?([/?#].*)?", part, re.S)
        if found and len(found[3].encode()) > 1 and all(map(is_lower, found[3])):
            return True
    return False


def infix(text, here, language):
    """Characters of the mark at ``here``."""
    mark, left, right = text[here], at(text, here - 1), at(text, here + 1)
    if found := re.match(r"\.\.+", text[here:]):
        return found.end()
    if mark == "…" or kind(mark) == "So":
        return 1
    words = is_alpha(left) and is_alpha(right)
    german = language == "de"
    if mark == ".":
        quotes = "" if german else QUOTES
        return int((is_lower(left) or left in quotes) and (is_upper(right) or right in quotes))
    if mark == ",":
        return int(words)
    if mark in ":<>=":
        return int(words or (not german and is_number(left) and is_alpha(right)))
    if mark == "/":
        return int(
            (is_alpha(left) or is_number(left))
            and (is_alpha(right) or (german and is_number(right)))
        )
    if is_number(left) and mark in "-+*^":
        if german:
            return int(mark == "-" and is_number(right))
        if (is_number(right) or right == "-") and not (language == "es" and mark == "-"):
            return 1
    if german:
        if text.startswith("--", here):
            return 2 if is_alpha(left) and is_alpha(at(text, here + 2)) else 0
        inside = (mark in QUOTES and mark != "'") or mark in "!?()[]"
        return int(words and inside)
    if language != "es" and mark in "-–—~":
        if not (is_alpha(left) or (language == "en" and is_number(left))):
            return 0
        most = {"-": 3, "—": 3}.get(mark, 1)
        for size in range(1, most + 1):
            if text[here : here + size] == mark * size and is_alpha(at(text, here + size)):
                return size
    return 0


def middle(text, language):
    if is_address(text):
        return [text]
    words, first, here = [], 0, 0
    while here < len(text):
        size = infix(text, here, language)
        if size:
            if here > first:
                words += [text[first:here], text[here : here + size]]
                first = here + size
            here += size
            continue
        here += 1
        elision = language == "fr" and text[here - 1] in "'’"
        if elision and here > 1 and is_alpha(text[here - 2]) and is_alpha(at(text, here)):
            words.append(text[first:here])
            first = here
    return [word for word in [*words, text[first:]] if word]


def words_of(text, language="en"):
    """spaCy's words, but for its lists of exceptions."""
    words = []
    for piece in text.split():
        front, back = [], []
        while piece:
            cut = prefix(piece, language)
            front += [piece[:cut]] * (cut > 0)
            piece = piece[cut:]
            end = suffix(piece, language) if piece else 0
            back = [piece[len(piece) - end :]] * (end > 0) + back
            piece = piece[: len(piece) - end]
            if not cut and not end:
                break
        words += front + (middle(piece, language) if piece else []) + back
    return words


def sentences_of(words):
    count, seen = min(len(words), 1), False
    for word in words:
        if len(word) == 1 and word in ENDS:
            seen = True
        elif seen and not all(kind(c).startswith("P") for c in word):
            count, seen = count + 1, False
    return count


POLICIES = (
    "terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies",
    "use cookies",
)  # fmt: skip


def c4(text, language):
    """(lines with lorem ipsum, with a brace, sentences) of what C4's tests of lines leave."""
    lorem = braces = sentences = 0
    for line in text.split("\n"):
        pieces = line.split()
        line = re.sub(r"(\[\d*]|\[edit]|\[citation needed])+$", "", line.strip())
        closed = line.endswith((".", "?", "!", '"', "'")) and not line.endswith("...")
        if not closed or len(pieces) < 3 or max(map(len, pieces)) > 1000:
            continue
        small = line.lower()
        lorem += "lorem ipsum" in small
        if "javascript" in small:
            continue
        braces += "{" in line
        if not any(policy in small for policy in POLICIES):
            sentences += sentences_of(words_of(" ".join(pieces), language))
    return lorem, braces, sentences


def copies(items):
    extra = list((Counter(items) - Counter(set(items))).elements())
    return len(extra), sum(map(len, extra))


def signals_of(text, language="en", stop_words=()):
    """Signal -> value, as datatrove's filters compute it; absent where they divide by nothing."""
    words = words_of(text, language)
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    result = dict(
        zip(("lorem_ipsum_lines", "brace_lines", "sentences"), c4(text, language), strict=True)
    )
    controls = {chr(c) for c in (*range(9), *range(11, 32), *range(127, 160))}
    kept = [w for w in words if any(c not in controls and c not in SYMBOLS + ENDS for c in w)]
    result["words"] = len(kept)
    if kept:
        result["mean_word_length"] = sum(map(len, kept)) / len(kept)
    if words:
        result |= {
            "hash_signs": text.count("#") / len(words),
            "ellipses": (text.count("...") + text.count("…")) / len(words),
            "letter_words": sum(any(c.isalpha() for c in w) for w in words) / len(words),
            "new_lines_per_word": text.count("\n") / len(words),
            "stop_words": len(set(words) & set(stop_words)),
        }
    if lines:
        result["bullet_lines"] = sum(x.lstrip().startswith(("•", "-")) for x in lines) / len(lines)
        ellipses = sum(x.rstrip().endswith(("...", "…")) for x in lines)
        result["ellipsis_lines"] = ellipses / len(lines)
    full = [line for line in lines if line.strip()]
    if not full:
        return result
    paragraphs = copies(re.split(r"\n{2,}", text.strip()))
    count = len(re.split(r"\n{2,}", text.strip()))
    repeated = copies(re.split(r"\n+", text))
    return result | {
        "terminal_lines": sum(line.endswith(tuple(ENDS)) for line in full) / len(full),
        "short_lines": sum(len(line) <= 30 for line in full) / len(full),
        "duplicate_text_line_characters": copies(full)[1] / len(text.replace("\n", "")),
        "duplicate_lines": repeated[0] / len(re.split(r"\n+", text)),
        "duplicate_line_characters": repeated[1] / len(text),
        "duplicate_paragraphs": paragraphs[0] / count,
        "duplicate_paragraph_characters": paragraphs[1] / len(text),
    }
