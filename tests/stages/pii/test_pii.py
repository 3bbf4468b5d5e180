"""The stage ``pii`` on texts of many languages."""

import json
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.sample import SAMPLE_CORPUS, truth
from stages.base import mark_dropped
from stages.pii.kinds import GROUPS
from stages.pii.pii import FIRST_ROOM, Pii, find
from stages.pii.shapes_kernels import KINDS

from .number_references import made_number

exhaustive = settings(deadline=None, max_examples=200)
"""A shared machine may pause for longer than hypothesis' deadline."""


def batch_of(texts, languages="en"):
    languages = [languages] * len(texts) if isinstance(languages, str) else languages
    columns = {"text": pa.array(texts, pa.large_string()), "lang": pa.array(languages, pa.string())}
    return pa.RecordBatch.from_pydict(columns)


def cleaned(text, language="en", **options):
    return Pii(**options).apply(batch_of([text], language)).column("text")[0].as_py()


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "a.b@example.org or ring 020 7946 0321", "<EMAIL> or ring <PHONE>"),
        ("en", "Call (212) 555-0143 or 212-555-0143.", "Call <PHONE> or <PHONE>."),
        ("en", "SSN 078-05-1120", "SSN <NATIONAL_ID>"),
        ("en", "card 4111-1111-1111-1111;", "card <CREDIT_CARD>;"),
        ("en", "from 203.0.113.47 and 2001:db8:4f::1c.", "from <IP_ADDRESS> and <IP_ADDRESS>."),
        ("en", "tel:4930123456 http://203.0.113.9:80/x", "tel:<PHONE> http://<IP_ADDRESS>:80/x"),
        ("de", "an: (0)30 23125 468. Oder +49 (0)30 23125-468", "an: <PHONE>. Oder <PHONE>"),
        ("de", "IBAN DE89 3704 0044 0532 0130 00.", "IBAN <IBAN>."),
        ("fr", "un message au 01 99 00 27 35 ; merci", "un message au <PHONE> ; merci"),
        ("es", "DNI 12345678Z, móvil 612 345 678", "DNI <NATIONAL_ID>, móvil <PHONE>"),
        ("es", "NIE X1234567L, tel. 91 123 45 67", "NIE <NATIONAL_ID>, tel. <PHONE>"),
        ("it", "C.F. RSSMRA85T10A562S, cell. 347 1234567", "C.F. <NATIONAL_ID>, cell. <PHONE>"),
        ("pt", "CPF 111.444.777-35, fone (11) 98765-4321", "CPF <NATIONAL_ID>, fone <PHONE>"),
        ("ru", "Звоните 8 (495) 123-45-67 или ivan@example.ru", "Звоните <PHONE> или <EMAIL>"),
        ("zh", "身份证11010519491231002X，电话13812345678。", "身份证<NATIONAL_ID>，电话<PHONE>。"),
        ("zh", "邮箱lin.qiao@example.org，手机138-1234-5678", "邮箱<EMAIL>，手机<PHONE>"),
        ("ja", "電話は０３－１２３４－５６７８です", "電話は<PHONE>です"),
        ("ko", "연락처 010-1234-5678로", "연락처 <PHONE>로"),
        ("th", "โทร. ๐๕๓-๗๑๑-๒๐๐ หรือ 0 2272 9529-30", "โทร. <PHONE> หรือ <PHONE>"),
        ("ar", "هاتف: ٠٢ ٢٧٣٥ ١٢٣٤ أو +20 2 2735 1234", "هاتف: <PHONE> أو <PHONE>"),
        ("fa", "تلفن ۰۲۱-۸۸۷۷۶۶۵۵ تهران", "تلفن <PHONE> تهران"),
        ("hi", "फ़ोन ०११ २३४५ ६७८९", "फ़ोन <PHONE>"),
        ("id", "hubungi 0812-3456-7890 ya", "hubungi <PHONE> ya"),
        ("tr", "Tel 0 (212) 555 12 34", "Tel <PHONE>"),
        ("vi", "ĐT: 024 3825 1234", "ĐT: <PHONE>"),
        ("el", "τηλ. 210 1234567", "τηλ. <PHONE>"),
    ],
)  # fmt: skip
def test_personal_data_of_many_languages(language, text, expected):
    assert cleaned(text, language) == expected


NUMBERS = {
    "fr_nir": ("fr", "1 2 2 2 3 3 2"), "br_cpf": ("pt", "3.3.3-2"), "br_cnpj": ("pt", "2.3.3/4-2"),
    "th_national_id": ("th", "1-4-5-2-1"), "kr_rrn": ("ko", "6-7"), "in_aadhaar": ("hi", "4 4 4"),
    "se_personnummer": ("sv", "6-4"), "tr_tckn": ("tr", "11"), "ru_snils": ("ru", "3-3-3 2"),
    "ar_cuit": ("es", "2-8-1"), "be_national_number": ("nl", "2.2.2-3.2"),
    "cz_rodne_cislo": ("cs", "6/4"), "no_fodselsnummer": ("no", "6 5"),
    "ch_ahv": ("de", "3.4.4.2"), "pk_cnic": ("ur", "5-7-1"),
}  # fmt: skip
"""National numbers whose layout and check are enough: language, layout."""
NAMED = {
    "de_steuer_id": ("de", "Steuer-ID"), "jp_my_number": ("ja", "マイナンバー"),
    "pl_pesel": ("pl", "PESEL"), "nl_bsn": ("nl", "BSN"),
    "ru_inn": ("ru", "ИНН"), "id_nik": ("id", "NIK"), "il_id": ("he", "ת.ז."),
    "th_national_id": ("th", "เลขประจำตัวประชาชน"), "in_aadhaar": ("en", "Aadhaar"),
    "ir_national_code": ("fa", "کد ملی"), "br_cpf": ("pt", "CPF"), "dk_cpr": ("da", "CPR-nr."),
    "pt_nif": ("pt", "NIF"), "ro_cnp": ("ro", "CNP"), "gr_amka": ("el", "ΑΜΚΑ"),
    "za_id": ("en", "ID number"), "ua_rnokpp": ("uk", "РНОКПП"), "ch_ahv": ("fr", "AVS"),
}  # fmt: skip
"""National numbers that need a word beside them: language, word."""


def written(digits, layout):
    """Digits in a layout: ``written([1, 2, 3], "1-2") == "1-23"``."""
    values = iter(map(str, digits))
    return re.sub(r"\d+", lambda m: "".join(next(values) for _ in range(int(m[0]))), layout)


@pytest.mark.parametrize("kind", NUMBERS)
def test_national_numbers_in_their_layout(kind):
    language, layout = NUMBERS[kind]
    for seed in range(5):
        text = f"({written(made_number(kind, seed), layout)}),"
        assert cleaned(text, language) == "(<NATIONAL_ID>),"
        assert cleaned(text, language, kinds=[kind]) == "(<NATIONAL_ID>),"


@pytest.mark.parametrize("kind", NAMED)
def test_weak_checks_need_a_word_beside_them(kind):
    language, word = NAMED[kind]
    digits = written(made_number(kind, 1), str(len(made_number(kind, 1))))
    assert cleaned(f"{word}: {digits}.", language) == f"{word}: <NATIONAL_ID>."
    assert cleaned(f"Nr {digits}.", language) == f"Nr {digits}."


@pytest.mark.parametrize(
    "text",
    [
        "In 1999, 2003-2007 and 2010/2011; on 2024-01-31 and 31.12.1999 at 12:30:45.",
        "Version 1.2.3.4, v10.0.19041.1, Chrome/49.0.2623.112, 4.17.21 and 2.0.0-rc.1",
        "ISBN 978-0-306-40615-7, ISBN 0 306 40615 2, ISBN 0-19-852663-6, ISSN 0317-8471",
        "ISSN 0028-0836 and 0317-8471",
        "It cost 1.234.567,89 € or $12,345,678.00, 12 345 678 kr, ¥1234567, 612 345 678 pesetas.",
        "Part 512-0047-991, SKU 00-1234-5678, model XJ-4411-0099, order #4111111111111, RFC 7231",
        "52.520008, 13.404954; 48°51'24\"N 2°21'03\"E; +39.920162, -075.084667; 48.8+002.2",
        "x = 12345678901 + 2^64; 3.14159265358979; 0.123 456 789; 1e-10; 6.022e23; 10.1000/182",
        "9f86d081884c7d659a2feaa0c55ad015, 550e8400-e29b-41d4-a716-446655440000",
        "00:1a:2b:3c:4d:5e; 2024-01-31T12:30:45+02:00; 1:2:3",
        "0001 0010 0011 0100 0101; 01 02 03 04 05; 10 20 30 40; 1 2 3 4 5 6 7 8 9",
        "open 08.00-16.30, 9-17; pages 100-120; 100 000 000 people; 50 000; score 21-19 19-21",
        "https://example.org/2013/05/09/3068229.html?id=1234567890123456&t=1700000000",
        "https://blog.example/entry/2023/02/18/005856 and /2015/01/06/190240",
        "10.0.0.1, 192.168.1.20, 127.0.0.1, 255.255.255.0, ::1, fe80::1 and 1.3.6.1.4.1.311",
        "icon@2x.png git@example.org:a/b.git react@18.2.0 @someone me@localhost f(x)@y",
        "name at example dot org, name [at] example [dot] org",
        "timestamps 1700000000 and 1700000000123; 20240131123456; 100-0001; CAS 7732-18-5",
        "Phys. Rev. E 78, 046110 2008; 28 024.951 3861; OID 1.3.101.112",
        "A@sps.diags_array(C), cell(2, 1).index == \"00111222\"",
        "The phone sold 12 million units in 2019 and 2020 for 299.99; iPhone 15 Pro 256",
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "zh", "ru", "th", "hi", "it", "xx"])
def test_what_is_nobody_s_stays(text, language):
    assert cleaned(text, language) == text


@pytest.mark.parametrize(
    "digits", ["０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "๐๑๒๓๔๕๖๗๘๙"]
)
def test_digits_of_every_script_are_digits(digits):
    table = str.maketrans("0123456789", digits)
    text = "4111 1111 1111 1111, +49 30 123456, 1-2345-67890-12-1"
    assert cleaned(text.translate(table), "th") == "<CREDIT_CARD>, <PHONE>, <NATIONAL_ID>"


def test_only_chosen_kinds_are_replaced():
    text = "a@example.org, +49 30 123456, 203.0.113.47, SSN 078-05-1120"
    assert (
        cleaned(text, kinds=["email", "ip"])
        == "<EMAIL>, +49 30 123456, <IP_ADDRESS>, SSN 078-05-1120"
    )
    assert cleaned(text, kinds=["us_ssn"]) == text.replace("078-05-1120", "<NATIONAL_ID>")


def test_which_addresses_count_is_a_setting():
    text = "8.8.4.4, 142.250.190.78, 203.0.113.47, 192.168.1.20, fe80::1:2"
    assert cleaned(text, ip_addresses="global").count("<IP_ADDRESS>") == 1
    assert cleaned(text).count("<IP_ADDRESS>") == 2
    assert cleaned(text, ip_addresses="all").count("<IP_ADDRESS>") == 4
    assert cleaned("IP 8.8.4.4") == "IP <IP_ADDRESS>"


def test_placeholders_are_a_setting():
    assert cleaned("a@example.org", placeholders={"email": "[mail]"}) == "[mail]"
    with pytest.raises(ValueError, match=r"placeholders\.email: 'me@example.org' is personal data"):
        Pii(placeholders={"email": "me@example.org"}).check_settings()


def test_an_unknown_kind_names_the_nearest():
    with pytest.raises(ValueError, match="there is no kind 'us_snn'; did you mean 'us_ssn'"):
        Pii(kinds=["us_snn"]).check_settings()
    with pytest.raises(ValidationError, match="ip_addresses"):
        Pii(ip_addresses="some")


def test_counts_by_group():
    batch = batch_of(["a@b.example.org c@example.org", "", "+49 30 123456"])
    batch = Pii().apply(mark_dropped(batch, "earlier", [None, "because: 1 vs 2", None]))
    assert batch.column("pii_email").to_pylist() == [2, None, 0]
    assert batch.column("pii_phone").to_pylist() == [0, None, 1]
    assert [f"pii_{group}" for group in GROUPS] == [n for n in batch.schema.names if "pii" in n]
    assert batch.schema.field("pii_email").type == pa.int32()


def test_a_dropped_row_keeps_its_text():
    batch = mark_dropped(
        batch_of(["a@example.org", "a@example.org"]), "earlier", ["x: 1 vs 2", None]
    )
    assert Pii().apply(batch).column("text").to_pylist() == ["a@example.org", "<EMAIL>"]


def test_text_without_personal_data_is_not_copied():
    batch = batch_of(["Nothing here.", "2024-01-31"])
    after = Pii().apply(batch).column("text")
    assert after.buffers()[2].address == batch.column("text").buffers()[2].address


def test_an_empty_batch():
    assert Pii().apply(batch_of([])).num_rows == 0


def test_more_findings_than_room():
    many = FIRST_ROOM // 2 + 7
    batch = Pii().apply(batch_of(["a@example.org " * many] * 3 + ["b"]))
    assert batch.column("pii_email").to_pylist() == [many] * 3 + [0]
    assert batch.column("text")[2].as_py() == "<EMAIL> " * many


FRAGMENTS = [
    "a@example.org", "+49 30 123456", "020 7946 0321", "(212) 555-0143", "4111 1111 1111 1111",
    "203.0.113.47", "2001:db8::1", "078-05-1120", "DE89370400440532013000", "tel", "ISBN",
    "version", " ", ", ", "-", ".", ":", "(", ")", "+", "/", "1",
    "0", "2024", "99", "x", "中", "ก", "٣", "\n", "é", "@", "::", ":::",
]  # fmt: skip


@exhaustive
@given(
    st.lists(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join), max_size=4),
    st.sampled_from(["en", "de", "th", "xx"]),
)
def test_every_text_ends_and_is_valid_and_rows_do_not_touch(texts, language):
    column = pa.array(texts, pa.large_string())
    codes = np.zeros(len(texts), np.int64)
    found = find(column, np.ones(len(texts), np.bool_), [language], list(GROUPS), "all", codes)
    ends = np.cumsum([0] + [len(text.encode()) for text in texts])
    assert (found.begins >= ends[found.rows]).all() and (found.stops <= ends[found.rows + 1]).all()
    assert (found.begins < found.stops).all() and (found.begins[1:] >= found.stops[:-1]).all()
    together = Pii().apply(batch_of(texts, language)).column("text")
    together.validate(full=True)
    assert together.to_pylist() == [cleaned(text, language) for text in texts]


@exhaustive
@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(["en", "zh", "ar"]))
def test_an_address_set_apart_is_found_in_any_text(left, right, language):
    text = f"{left}\n a.b@example.org \n{right}"
    assert "a.b@example.org" not in cleaned(text, language)


def test_the_planted_cases_of_the_sample_corpus():
    lines = (SAMPLE_CORPUS / "crawl" / "crawl.jsonl").read_bytes().splitlines()
    planted = [entry for entry in truth() if entry["personal_data"]]
    pages = [json.loads(lines[entry["line"] - 1])["text"] for entry in planted]
    after = Pii().apply(batch_of(pages, [entry["lang"] for entry in planted]))
    for entry, before, text in zip(planted, pages, after.column("text").to_pylist(), strict=True):
        for value in entry["personal_data"]:
            before = re.sub(rf"{re.escape(value)}(?!\d)", "#", before)
        assert re.sub(r"<[A-Z_]+>", "#", text) == before


def test_clean_articles_of_the_sample_corpus_stay():
    texts, languages = [], []
    for path in sorted((SAMPLE_CORPUS / "articles").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            texts.append(json.loads(line)["text"])
            languages.append(path.stem)
    assert Pii().apply(batch_of(texts, languages)).column("text").to_pylist() == texts


def test_the_synthetic_cases_of_the_development_data(development_data):
    import zstandard

    with zstandard.open(
        development_data / "dirty" / "dirty_junk.jsonl.zst", "rt", encoding="utf-8"
    ) as file:
        texts = [json.loads(line)["text"] for line in file if '"pii-synthetic"' in line]
    for text in texts:
        part = "Contact: <EMAIL>, phone <PHONE>, IP <IP_ADDRESS>, card <CREDIT_CARD>. "
        assert cleaned(text) == part * text.count("Contact")


def test_kinds_have_distinct_names():
    assert len(set(KINDS)) == len(KINDS)
