import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.units import format_bytes, format_count, parse_bytes, parse_count


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("200GB", 200_000_000_000),
        ("200MB", 200_000_000),
        ("16MiB", 16 << 20),
        ("1.5 GB", 1_500_000_000),
        ("512", 512),
        ("512B", 512),
        ("3k", 3_000),
        ("1_000", 1_000),
        (4096, 4096),
    ],
)
def test_sizes(text: str | int, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("2T", 2_000_000_000_000),
        ("100B", 100_000_000_000),
        ("0.1T", 100_000_000_000),
        ("10M", 10_000_000),
        ("4096", 4096),
        (2e12, 2_000_000_000_000),
    ],
)
def test_counts(text: str | float, count: int) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize("text", ["", "GB", "-5MB", "5 parsecs", "1.2.3", True, -1, 0.5, None])
def test_what_is_no_size_is_told_what_would_be(text: object) -> None:
    with pytest.raises(ValueError, match="is not a size such as 512MB"):
        parse_bytes(text)  # type: ignore[arg-type]


def test_short_forms() -> None:
    assert format_count(1_234_567) == "1.23M"
    assert format_count(100_534) == "101K"
    assert format_bytes(200_000_000) == "200 MB"
    assert format_bytes(0) == "0 B"


@given(st.integers(0, 999), st.sampled_from(["", "K", "M", "B", "T"]))
def test_short_forms_are_read_back(number: int, unit: str) -> None:
    count = parse_count(f"{number}{unit}")
    assert parse_count(format_count(count)) == count
