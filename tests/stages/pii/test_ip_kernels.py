"""Internet addresses, beside the standard library."""

import ipaddress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.pii.ip_kernels import (
    DOCUMENTATION,
    GLOBAL,
    SPECIAL,
    ipv6_at,
    scope_of_ipv4,
    scope_of_ipv6,
)

exhaustive = settings(deadline=None, max_examples=500)
DOCUMENTATION_RANGES = [
    ipaddress.ip_network(n)
    for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
]
OLD_RELAYS = ipaddress.ip_network("192.88.99.0/24")
"""RFC 7526 took it back; whether Python calls it global depends on its version."""
PROTOCOLS = ipaddress.ip_network("2001::/23")


def scope(address):
    address = ipaddress.ip_address(address)
    if any(address in network for network in DOCUMENTATION_RANGES):
        return DOCUMENTATION
    return GLOBAL if address.is_global and not address.is_multicast else SPECIAL


@exhaustive
@given(
    st.integers(0, 2**32 - 1) | st.sampled_from([0x0A000001, 0xC0A80101, 0xC0000201, 0x64400001])
)
def test_scopes_of_version_4_are_those_of_the_standard_library(number):
    address = ipaddress.IPv4Address(number)
    if address in OLD_RELAYS or address in ipaddress.ip_network("192.0.0.0/24"):
        return
    assert scope_of_ipv4(*address.packed) == scope(address)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("2606:4700::1111", GLOBAL),
        ("2001:db8:4f::1c", DOCUMENTATION),
        ("3fff:0:1::2", DOCUMENTATION),
        ("2001:1::1", SPECIAL),
        ("fe80::1", SPECIAL),
        ("fd12:3456::1", SPECIAL),
        ("ff02::1", SPECIAL),
    ],
)
def test_scopes_of_version_6(address, expected):
    first, second = ipaddress.IPv6Address(address).packed[:2], ipaddress.IPv6Address(address).packed
    words = [int.from_bytes(first), int.from_bytes(second[2:4])]
    assert scope_of_ipv6(*words) == expected


def found(text):
    """The address around the first digit."""
    data = np.frombuffer(text.encode(), np.uint8)
    at = next(k for k, c in enumerate(text) if c.isdigit())
    begin, end, where = ipv6_at(data, 0, at, len(data))
    return text[begin:end], where


@exhaustive
@given(st.integers(0x2000 << 112, (0x4000 << 112) - 1), st.booleans(), st.booleans())
def test_every_spelling_of_an_address_is_found(number, short, upper):
    address = ipaddress.IPv6Address(number)
    spelled = address.compressed if short else address.exploded
    spelled = spelled.upper() if upper else spelled
    text, where = found(f"[{spelled}]")
    assert text == spelled
    if address not in PROTOCOLS:
        assert where == scope(address)


@exhaustive
@given(st.text("012af:", min_size=1, max_size=24))
def test_what_is_found_is_an_address(text):
    if not any(c.isdigit() for c in text):
        return
    spelled, _ = found(text)
    if spelled:
        ipaddress.IPv6Address(spelled)


@pytest.mark.parametrize(
    "text", ["12:30:45", "00:1a:2b:3c:4d:5e", "std2::vector", "1:2", "a::b::1", ":::1"]
)
def test_times_and_code_are_no_addresses(text):
    assert found(text)[0] == ""
