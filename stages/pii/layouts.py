"""Every way in which numbers of a known kind are written.

A layout is written as it is read: ``3-2-4`` is three digits, a hyphen, two, a hyphen, four;
``(3) 3-4`` has a bracket around the first group; ``8L`` ends with a letter; ``~`` is a blank, a
hyphen or a dot, the same in the whole number. ``free`` says where the layout and its check are
strong enough alone: everywhere, in documents of some languages, or never; elsewhere a context word
of the kind has to stand before the number (``context_words.yaml``).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

from stages.pii import shapes_kernels as shapes

EVERYWHERE = "*"
PHONES = Path(__file__).with_name("phone_plans.yaml")
MOST_LANGUAGES = 62
"""That layouts name: one bit each. Bit 0 is for languages without rules, the last for those that
have only telephone lengths."""


class Layout(NamedTuple):
    """One or more ways to write one kind of number."""

    kind: str
    forms: str
    """Forms, separated by commas."""
    check: str
    free: str = ""
    """``EVERYWHERE``, languages separated by blanks, or nothing."""


INDIA = "hi bn ta te mr gu kn ml pa or ne"

LAYOUTS = (
    Layout("credit_card", "4~4~4~4, 4~6~5, 4~6~4, 16", "card", EVERYWHERE),
    Layout("credit_card", "15, 14", "card"),
    Layout("us_ssn", "3-2-4", "us_ssn", "en es"),
    Layout("us_ssn", "3 2 4, 9", "us_ssn"),
    Layout("fr_nir", "1~2~2~2~3~3~2, 1 2 2 2 3 3-2, 13~2", "fr_nir", EVERYWHERE),
    Layout("fr_nir", "15", "fr_nir", "fr"),
    Layout("es_dni", "8-L, 2.3.3-L", "es_dni", "es ca gl eu"),
    Layout("es_dni", "8L, 8 L, 2.3.3L", "es_dni"),
    Layout("de_steuer_id", "2~3~3~3, 11", "de_steuer_id"),
    Layout("br_cpf", "3.3.3-2", "br_cpf", EVERYWHERE),
    Layout("br_cpf", "11, 9-2, 3 3 3 2", "br_cpf"),
    Layout("br_cnpj", "2.3.3/4-2", "br_cnpj", EVERYWHERE),
    Layout("br_cnpj", "14", "br_cnpj"),
    Layout("cn_resident_id", "18, 17L, 6~8~4, 6~8~3L", "cn_resident_id", EVERYWHERE),
    Layout("th_national_id", "1~4~5~2~1", "th_national_id", EVERYWHERE),
    Layout("th_national_id", "13", "th_national_id"),
    Layout("kr_rrn", "6-7", "kr_rrn", EVERYWHERE),
    Layout("kr_rrn", "6-7, 13, 6 7", "kr_rrn_new"),
    Layout("jp_my_number", "12, 4~4~4", "jp_my_number"),
    Layout("in_aadhaar", "4 4 4, 4-4-4", "in_aadhaar", INDIA),
    Layout("in_aadhaar", "12", "in_aadhaar"),
    Layout("id_nik", "16, 6.6.4, 4 4 4 4", "id_nik"),
    Layout("pl_pesel", "11", "pl_pesel"),
    Layout("nl_bsn", "9, 3~3~3, 4~2~3, 4~3~2", "nl_bsn"),
    Layout("se_personnummer", "6-4, 8-4", "se_personnummer", "sv"),
    Layout("se_personnummer", "10, 12", "se_personnummer"),
    Layout("tr_tckn", "11", "tr_tckn", "tr"),
    Layout("ru_snils", "3-3-3 2, 3-3-3-2", "ru_snils", EVERYWHERE),
    Layout("ru_snils", "11, 3 3 3 2", "ru_snils"),
    Layout("ru_inn", "12", "ru_inn"),
    Layout("ar_cuit", "2-8-1", "ar_cuit", EVERYWHERE),
    Layout("ar_cuit", "11, 2 8 1", "ar_cuit"),
    Layout("cl_rut", "2.3.3-1, 1.3.3-1, 2.3.3-L, 1.3.3-L", "cl_rut", "es"),
    Layout("cl_rut", "8-1, 7-1, 8-L, 7-L", "cl_rut"),
    Layout("be_national_number", "2.2.2-3.2, 2.2.2-3-2", "be_national_number", EVERYWHERE),
    Layout("be_national_number", "11", "be_national_number"),
    Layout("cz_rodne_cislo", "6/4", "cz_rodne_cislo", "cs sk"),
    Layout("cz_rodne_cislo", "10", "cz_rodne_cislo"),
    Layout("fi_hetu", "6-3L", "fi_hetu", EVERYWHERE),
    Layout("fi_hetu", "6-4", "fi_hetu", "fi"),
    Layout("no_fodselsnummer", "6 5", "no_fodselsnummer", "no nb nn"),
    Layout("no_fodselsnummer", "11", "no_fodselsnummer"),
    Layout("dk_cpr", "6-4, 10", "dk_cpr"),
    Layout("il_id", "9, 8-1", "il_id"),
    Layout("ir_national_code", "10, 3-6-1", "ir_national_code"),
    Layout("vn_cccd", "12", "vn_cccd"),
    Layout("ch_ahv", "3.4.4.2", "ch_ahv", EVERYWHERE),
    Layout("ch_ahv", "13, 3 4 4 2", "ch_ahv"),
    Layout("pt_nif", "9, 3 3 3", "pt_nif"),
    Layout("ro_cnp", "13", "ro_cnp"),
    Layout("gr_amka", "11", "gr_amka"),
    Layout("za_id", "13, 6 4 3, 6 4 2 1, 6 4 1 2", "za_id"),
    Layout("ua_rnokpp", "10", "ua_rnokpp"),
    Layout("pk_cnic", "5-7-1", "pk_cnic", "ur"),
    Layout("pk_cnic", "13", "pk_cnic"),
    # Telephone numbers without a trunk 0; those with one have a rule of their own, and any shape
    # will do beside a context word.
    Layout("phone", "3-3-4, 3.3.4, 1-3-3-4, 1.3.3.4", "phone_nanp", "en es"),
    Layout("phone", "(3)3-4, (3)3 4, (3)3.4, 1(3)3-4, 1(3)3 4", "phone_nanp", EVERYWHERE),
    Layout("phone", "1(3)3-2-2, 1(3)3 2 2, 1-3-3-2-2, 1 3 3-2-2, 1 3 3 2 2, 1(4)2-2-2, 1 4 2-2-2",
           "phone_8", "ru uk be kk"),
    Layout("phone", "(3)3-2-2", "phone_any", "ru uk be kk tr"),
    Layout("phone", "1(3)3-2-2, 1(3)3 2 2, 1(3)3-4, 1(3)3 4, 1 3 3 2 2, 1-3-3-2-2", "phone_0",
           "tr"),
    Layout("phone", "3 2 2 2, 3.2.2.2, 3-2-2-2, 3-3-3, 2 3 2 2", "phone_6_to_9", "es ca gl eu"),
    Layout("phone", "(2)4-4, (2)4 4, (2)4.4, (2)5-4, (2)5 4, (2)5.4, (2)1 4-4, (2)1 4 4, 2 5-4",
           "phone_br", "pt"),
    Layout("phone", "5 5, 5-5", "phone_6_to_9", INDIA),
    Layout("phone", "3 7, 3-7, 3/7, 3.7", "phone_3", "it"),
    Layout("phone", "1 4 4, 1-4-4, 1 4 4-2, 1-4-4-2, 1 4 4-1, 1-4-4-1", "phone_0", "th"),
    Layout("phone", "3-4-4, 3 4 4", "phone_cn", "zh"),
    Layout("phone", "3 7, 3-7, 3 3 4, 2 4 4", "phone_2_or_6", "el"),
    Layout("phone", "3-3-3", "phone_any", "pl cs sk"),
)  # fmt: skip
"""An empty ``free`` asks for a context word. Order: where two fit, the first one is taken."""


class Tables(NamedTuple):
    """The layouts and telephone plans, as kernels read them."""

    languages: dict[str, int]
    """Language -> number, from 1; those that only have telephone lengths come last."""
    keys: np.ndarray
    """uint64 [shapes.SLOTS]: shapes; 0 where empty."""
    places: np.ndarray
    """int64 [shapes.SLOTS]: the first layout of the shape, and 65536 times how many there are."""
    layouts: np.ndarray
    """uint64 [layouts * 3]: kind, check, and a bit per language number where it is free."""
    phone_digits: np.ndarray
    """uint32 [1000]: bit n of a calling code: n digits may follow it; ``LEADING_ZERO``."""
    trunk_digits: np.ndarray
    """uint32 [numbers of languages]: bit n: n digits, the trunk 0 included; ``PAIRS``,
    ``ALL_PAIRS``, ``POSTAL_CODE``."""


@cache
def tables() -> Tables:
    """The tables of the shipped layouts."""
    plans = yaml.safe_load(PHONES.read_text(encoding="utf-8"))
    names = {name for layout in LAYOUTS for name in layout.free.split() if name != EVERYWHERE}
    if len(names) > MOST_LANGUAGES:
        raise ValueError(f"{len(names)} languages have layouts, at most {MOST_LANGUAGES}")
    languages = {name: n for n, name in enumerate(sorted(names), 1)}
    others = enumerate(sorted(set(plans["trunk"]) - names), shapes.LAST_LANGUAGE_BIT)
    languages |= {name: n for n, name in others}
    rows = [(shape, layout) for layout in LAYOUTS for shape in shapes_of(layout.forms)]
    order = list(dict.fromkeys(shape for shape, _ in rows))
    rows.sort(key=lambda row: order.index(row[0]))  # stable: the order among equals stays
    keys = np.zeros(shapes.SLOTS, np.uint64)
    places = np.zeros(shapes.SLOTS, np.int64)
    for place, (shape, _) in enumerate(rows):
        slot = (shape * int(shapes.FACTOR) & (1 << 64) - 1) >> 54
        while keys[slot] not in (0, shape):
            slot = (slot + 1) % shapes.SLOTS
        if keys[slot] == 0:
            keys[slot], places[slot] = shape, place
        places[slot] += 1 << 16
    entries = [
        (
            shapes.KINDS.index(layout.kind),
            shapes.CHECKS.index(layout.check),
            bits(layout.free, languages),
        )
        for _, layout in rows
    ]
    phone_digits = np.zeros(1000, np.uint32)
    for code, sizes in plans["international"].items():
        phone_digits[code] = size_bits(sizes)
    phone_digits[plans["leading_zero"]] |= shapes.LEADING_ZERO
    trunk_digits = np.zeros(max(languages.values()) + 1, np.uint32)
    for name, sizes in plans["trunk"].items():
        trunk_digits[languages[name]] = size_bits(sizes)
    flags = {
        shapes.PAIRS: plans["pairs"]["some"],
        shapes.PAIRS | shapes.ALL_PAIRS: plans["pairs"]["all"],
        shapes.POSTAL_CODE: plans["postal_codes"],
    }
    for flag, named in flags.items():
        trunk_digits[[languages[name] for name in named]] |= flag
    layouts = np.array(entries, np.uint64).reshape(-1)
    return Tables(languages, keys, places, layouts, phone_digits, trunk_digits)


def bits(free: str, languages: dict[str, int]) -> int:
    """A bit for each language number; all bits for ``EVERYWHERE``."""
    if free == EVERYWHERE:
        return (1 << 64) - 1
    return sum(1 << languages[name] for name in free.split())


def size_bits(sizes: int | str) -> int:
    """``"6, 8-10"`` -> bits 6, 8, 9 and 10."""
    bits = 0
    for part in str(sizes).split(","):
        first, _, last = part.partition("-")
        bits |= sum(1 << size for size in range(int(first), int(last or first) + 1))
    return bits


def shapes_of(forms: str) -> list[int]:
    """The shapes (see ``shapes_kernels.shape``) of forms separated by commas."""
    spelled = []
    for form in map(str.strip, forms.split(",")):
        spelled += [form.replace("~", mark) for mark in " -."] if "~" in form else [form]
    return [shape_of(form) for form in spelled]


GAPS = {" ": shapes.BLANK, "-": shapes.HYPHEN, ".": shapes.DOT, "/": shapes.SLASH,
        "(": shapes.OPEN, ")": shapes.CLOSE}  # fmt: skip


def shape_of(form: str) -> int:
    """The shape of one form, as the kernel packs it: ``shape_of("(3)3-4")``."""
    opened = form.startswith("(")
    parts = re.findall(r"(\d+)([^\dL]?)", form.removesuffix("L").removeprefix("("))
    letter = form.endswith("L")
    sizes = [int(size) for size, _ in parts]
    gaps = [GAPS.get(gap, shapes.NOTHING) for _, gap in parts]
    if letter and gaps[-1] != shapes.NOTHING:  # the letter is a group of its own
        sizes.append(1)
        gaps.append(shapes.NOTHING)
    elif letter:
        sizes[-1] += 1
    gaps[-1] = shapes.OPEN if opened else shapes.NOTHING
    if len(sizes) > shapes.MOST_GROUPS:
        raise ValueError(f"{form}: more than {shapes.MOST_GROUPS} groups")
    key = int(letter)
    for size, gap in zip(sizes, gaps, strict=True):
        key = key << (shapes.SIZE_BITS + shapes.GAP_BITS) | size << shapes.GAP_BITS | gap
    return key
