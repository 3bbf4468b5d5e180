"""The tables of ``stages.pii`` beside the libraries that keep such tables.

    python benchmarks/pii_tables.py

Needs ``phonenumbers``, ``Babel`` (which languages a country speaks), ``schwifty`` and
``python-stdnum`` beside the project. Lengths of telephone numbers and of IBANs are compared entry
by entry; check digits on drawn numbers; and libphonenumber's example number of every country and
kind of line is looked for, as it is written abroad and at home, without and with a word before it.
"""

from __future__ import annotations

import importlib
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import phonenumbers
import pyarrow as pa
import yaml
from babel.languages import get_official_languages
from phonenumbers import PhoneMetadata, PhoneNumberFormat, PhoneNumberType

from stages.pii.layouts import PHONES, size_bits
from stages.pii.pii import find

LINES = ("fixed_line", "mobile")
OTHERS = ("toll_free", "shared_cost", "voip", "personal_number", "uan", "premium_rate")
FEWEST_DIGITS = 6
WORDS = {"fr": "tél.", "es": "teléfono", "pt": "telefone", "ar": "هاتف", "ru": "тел.", "zh": "电话"}
MODULES = {
    "us_ssn": "us.ssn", "fr_nir": "fr.nir", "br_cpf": "br.cpf", "br_cnpj": "br.cnpj",
    "th_national_id": "th.pin", "kr_rrn": "kr.rrn", "jp_my_number": "jp.in_", "es_dni": "es.dni",
    "in_aadhaar": "in_.aadhaar", "id_nik": "id.nik", "pl_pesel": "pl.pesel", "nl_bsn": "nl.bsn",
    "se_personnummer": "se.personnummer", "tr_tckn": "tr.tckimlik", "de_steuer_id": "de.idnr",
    "ru_inn": "ru.inn", "ar_cuit": "ar.cuit", "be_national_number": "be.nn",
    "cz_rodne_cislo": "cz.rc", "no_fodselsnummer": "no.fodselsnummer", "dk_cpr": "dk.cpr",
    "il_id": "il.idnr", "ch_ahv": "ch.ssn", "pt_nif": "pt.nif", "ro_cnp": "ro.cnp",
    "gr_amka": "gr.amka", "za_id": "za.idnr", "ua_rnokpp": "ua.rntrc", "pk_cnic": "pk.cnic",
}  # fmt: skip
"""Check -> module of python-stdnum."""
SIZES = {
    "us_ssn": 9, "fr_nir": 15, "br_cnpj": 14, "th_national_id": 13, "kr_rrn": 13, "id_nik": 16,
    "jp_my_number": 12, "in_aadhaar": 12, "ru_inn": 12, "nl_bsn": 9, "se_personnummer": 10,
    "cz_rodne_cislo": 10, "dk_cpr": 10, "il_id": 9, "es_dni": 9, "ch_ahv": 13, "pt_nif": 9,
    "ro_cnp": 13, "za_id": 13, "ua_rnokpp": 10, "pk_cnic": 13,
}  # fmt: skip
"""Digits of a number; 11 elsewhere."""


def main() -> None:
    """Print the four comparisons."""
    telephone_lengths()
    example_numbers()
    iban_lengths()
    check_digits()


def sizes_of(region: str, code: int, kinds: tuple[str, ...]) -> set[int]:
    """How many digits the numbers of some kinds of lines have behind the calling code."""
    world = region == "001"
    find_plan = PhoneMetadata.metadata_for_nongeo_region if world else None
    plan = find_plan(code) if find_plan else PhoneMetadata.metadata_for_region(region)
    descriptions = (getattr(plan, kind) for kind in kinds)
    known = (d for d in descriptions if d is not None and d.national_number_pattern)
    lengths = (d.possible_length or plan.general_desc.possible_length for d in known)
    return {size for group in lengths for size in group if size >= FEWEST_DIGITS}


def telephone_lengths() -> None:
    """Lengths that one has and the other has not, by calling code."""
    ours = yaml.safe_load(PHONES.read_text(encoding="utf-8"))["international"]
    lacking, more = [], []
    codes = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    for code, regions in sorted(codes.items()):
        have = {n for n in range(32) if size_bits(ours.get(code, "31")) >> n & 1} - {31}
        lines = set[int]().union(*(sizes_of(region, code, LINES) for region in regions))
        everything = lines.union(*(sizes_of(region, code, OTHERS) for region in regions))
        if lines - have:
            lacking.append(f"+{code} {sorted(lines - have)}")
        if have - everything:
            more.append(f"+{code} {sorted(have - everything)}")
    print(f"calling codes: {len(ours)} of {len(codes)}; unknown: {sorted(set(ours) - set(codes))}")
    print(f"  lengths of fixed and mobile numbers that are missing: {'; '.join(lacking) or '-'}")
    print(f"  lengths that libphonenumber has for nothing: {'; '.join(more) or '-'}")


def examples() -> Iterator[tuple[str, str, Any]]:
    """Language, kind of line and example number of every region."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        languages = get_official_languages(region) or ("en",)
        for kind in LINES + OTHERS:
            line = getattr(PhoneNumberType, kind.upper())
            number = phonenumbers.example_number_for_type(region, line)
            if number is not None:
                yield languages[0].split("_")[0], kind, number


def example_numbers() -> None:
    """How many examples are found whole."""
    print("example numbers found whole, by kind of line:")
    for name, written, word in (
        ("+49 30 123456", PhoneNumberFormat.INTERNATIONAL, False),
        ("+4930123456", PhoneNumberFormat.E164, False),
        ("030 123456", PhoneNumberFormat.NATIONAL, False),
        ("Tel. 030 123456", PhoneNumberFormat.NATIONAL, True),
    ):
        right, total = Counter[str](), Counter[str]()
        for language, kind, number in examples():
            value = phonenumbers.format_number(number, written)
            before = f"{WORDS.get(language, 'Tel.')} " if word else "x, "
            total[kind] += 1
            right[kind] += found_in(f"{before}{value}, y", language) in (value, value[1:])
        counts = ", ".join(f"{kind} {right[kind]} of {total[kind]}" for kind in total)
        print(f"  {name:16} {counts}")


def found_in(text: str, language: str) -> str:
    """The first telephone number of a text."""
    column = pa.array([text], pa.large_string())
    found = find(column, np.ones(1, np.bool_), [language], ["phone"])
    return text.encode()[found.begins[0] : found.stops[0]].decode() if len(found.rows) else ""


def iban_lengths() -> None:
    """Lengths by country, beside schwifty (ISO 13616's registry and what is used beyond it)."""
    from schwifty.registry import get_iban_spec

    from stages.pii.tokens_kernels import IBAN_SIZES

    wrong, missing = [], []
    ours = dict(IBAN_SIZES)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for country in (a + b for a in letters for b in letters):
        try:
            theirs = get_iban_spec(country).iban_length
        except Exception:  # each release has another class for it
            continue
        if country not in ours:
            missing.append(country)
        elif ours[country] != theirs:
            wrong.append(f"{country} {ours[country]}, not {theirs}")
    print(f"IBAN: {len(ours)} countries; other lengths: {', '.join(wrong) or '-'}")
    print(f"  without an entry (mostly parts of others, under whose code they bank): {missing}")


def check_digits(draws: int = 300) -> None:
    """Drawn numbers that both take, only we, only python-stdnum; every last two digits tried."""
    print("check digits: taken by both / only by us / only by python-stdnum")
    for check, module in MODULES.items():
        theirs = importlib.import_module(f"stdnum.{module}").is_valid
        draw = random.Random(check)
        size = SIZES.get(check, 11)
        verdicts = Counter[tuple[bool, bool]]()
        examples: dict[tuple[bool, bool], str] = {}
        for _ in range(draws):
            head = drawn_head(draw, check, size - 2)
            for last in range(100):
                digits = [*map(int, head), *divmod(last, 10)]
                verdict = judge(check, digits, theirs)
                verdicts[verdict] += 1
                examples[verdict] = spelled(check, digits)
        ours_only, theirs_only = (True, False), (False, True)
        print(
            f"  {check:20} {verdicts[True, True]} / {verdicts[ours_only]} / {verdicts[theirs_only]}"
            f"  {examples.get(ours_only, '')} {examples.get(theirs_only, '')}"
        )


def drawn_head(draw: random.Random, check: str, size: int) -> str:
    """All digits but two, with a day of birth where most numbers have one."""
    digits = "".join(str(draw.randrange(10)) for _ in range(size))
    year, month, day = draw.randrange(30, 100), draw.randrange(1, 13), draw.randrange(1, 29)
    if check == "ch_ahv":
        return f"756{digits[3:]}"
    if check == "ro_cnp":
        return f"{digits[0]}{year}{month:02}{day:02}{draw.randrange(1, 47):02}{digits[9:]}"
    if check in (
        "za_id",
        "kr_rrn",
        "pl_pesel",
        "se_personnummer",
        "be_national_number",
        "cz_rodne_cislo",
    ):
        return f"{year}{month:02}{day:02}{digits[6:]}"
    if check in ("no_fodselsnummer", "dk_cpr", "gr_amka"):
        return f"{day:02}{month:02}{year}{digits[6:]}"
    if check == "id_nik":
        return f"32{digits[2:6]}{day:02}{month:02}{year}{digits[12:]}"
    if check == "ar_cuit":
        return f"{draw.choice((20, 27, 30, 50, 51, 55))}{digits[2:]}"
    if check == "de_steuer_id":
        once = draw.sample("0123456789", size)
        return "".join(once[:-1]) + draw.choice(once[:-1])
    return digits


def judge(check: str, digits: list[int], theirs: Callable[[str], bool]) -> tuple[bool, bool]:
    """(we take it, they take it)."""
    from stages.pii.shapes_kernels import CHECKS, passes

    values = [*digits[:8], ord(spelled(check, digits)[-1]) - 55] if check == "es_dni" else digits
    ours = passes(CHECKS.index(check), np.array(values, np.uint8), 0, len(values))
    try:
        return bool(ours), theirs(spelled(check, digits))
    except Exception:  # some modules break on numbers that they do not know
        return bool(ours), False


def spelled(check: str, digits: list[int]) -> str:
    """The number as text: a Spanish one ends with a letter."""
    text = "".join(map(str, digits))
    return text[:8] + chr(65 + sum(digits) % 26) if check == "es_dni" else text


if __name__ == "__main__":
    main()
