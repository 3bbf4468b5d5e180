"""Numbers that begin with letters."""

import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.pii.shapes_kernels import ES_NIE, GB_NINO, IBAN, IT_CODICE_FISCALE, MX_CURP
from stages.pii.tokens_kernels import IBAN_SIZES, token_at

exhaustive = settings(deadline=None)


def judged(text):
    """(kind, what belongs to it)."""
    data = np.frombuffer(text.encode(), np.uint8)
    size = next((k for k, c in enumerate(text) if not c.isalnum()), len(text))
    kind, end, _ = token_at(data, 0, size, len(data), np.zeros(64, np.uint8))
    return kind, text[:end]


def check_digits(country, account):
    """ISO 13616: the number with 00, its country last, in base 36 digit by digit, by 97."""
    written = "".join(str(int(c, 36)) for c in f"{account}{country}00")
    return f"{98 - int(written) % 97:02d}"


@exhaustive
@given(st.sampled_from(IBAN_SIZES), st.data(), st.booleans())
def test_every_iban_is_found_and_no_other(country, data, grouped):
    name, size = country
    account = data.draw(st.text(string.digits, min_size=size - 4, max_size=size - 4))
    right = name + check_digits(name, account) + account
    spelled = " ".join(right[k : k + 4] for k in range(0, size, 4)) if grouped else right
    assert judged(spelled) == (IBAN, spelled)
    assert judged(spelled + ", and") == (IBAN, spelled)
    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
    assert judged(wrong)[0] != IBAN
    assert judged(right + "5")[0] != IBAN


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("GB82 WEST 1234 5698 7654 32", IBAN),
        ("HN88 CABF 0000 0000 0002 5000 5469", IBAN),
        ("MA64011519000001205000534921", IBAN),
        ("CI93 CI00 8011 1301 1342 9120 0589", IBAN),
        ("DZ58 0002 1000 0111 3000 0005 70", IBAN),
        ("RSSMRA85T10A562S", IT_CODICE_FISCALE),
        ("X1234567L", ES_NIE),
        ("AB123456C", GB_NINO),
        ("BOXW310820HNERXN09", MX_CURP),
    ],
)
def test_known_examples(text, kind):
    assert judged(text) == (kind, text)


@pytest.mark.parametrize(
    "text",
    [
        "RSSMRA85T10A562T",
        "X1234567M",
        "QQ123456C",
        "ZZ123456C",
        "RSSMRA85T35A562I",
        "AB12345678",
        "BOXW310820HNERXN08",
        "A4",
        "ISO9001",
    ],
)
def test_what_only_looks_like_it(text):
    assert judged(text)[0] == -1
