"""Reading lists of domains and words, and the hash tables made of them.

A list of domains has one a line; ``#`` begins a comment. The format of hosts files is read too
(``0.0.0.0 ads.example``), ``*.example.org`` is ``example.org``, names in other scripts are brought
to their ASCII form (``xn--``). Files may be plain, ``.gz`` or ``.zst``. Lines that are plain names,
which is all but a few of millions, are never Python objects.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.buffers import text_buffers
from formats.readers.streams import Damaged, open_bytes

READ_BYTES = 1 << 20
NAME = r"^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$"
"""What a domain in ASCII looks like; underscores occur in real ones."""
HOSTS_FILE = re.compile(r"^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f]*:[0-9a-f:]*(%\w+)?)\s+")
LOCAL_NAMES = {
    "localhost", "localhost.localdomain", "local", "broadcasthost", "ip6-localhost", "0.0.0.0",
    "ip6-loopback", "ip6-localnet", "ip6-mcastprefix", "ip6-allnodes", "ip6-allrouters",
    "ip6-allhosts",
}  # fmt: skip
"""What hosts files name besides: not blocked."""


class Table(NamedTuple):
    """Entries of several lists, and the hash table that finds them."""

    texts: np.ndarray
    """uint8: all entries."""
    offsets: np.ndarray
    """int64 [entries + 1]"""
    lists: np.ndarray
    """int64 [entries]: the number of the list an entry comes from."""
    keys: np.ndarray
    """uint64 [slots]"""
    places: np.ndarray
    """int64 [slots]: entry in a slot, -1 where empty."""

    def names(self, entries: np.ndarray) -> pa.Array:
        """The texts of some entries, string."""
        texts = [
            self.texts[self.offsets[entry] : self.offsets[entry + 1]].tobytes().decode()
            for entry in entries.tolist()
        ]
        return pa.array(texts, pa.string())


def read_lines(path: str) -> pa.Array:
    """The lines of a file as a large_string array, comments and blanks at both ends left out.

    Raises:
        ValueError: the file is not there, is damaged, or is not UTF-8.
    """
    parts = []
    try:
        with open_bytes(path) as stream:
            block = bytearray(READ_BYTES)
            while size := stream.readinto(memoryview(block)):
                parts.append(bytes(block[:size]))
    except (OSError, Damaged) as error:
        raise ValueError(f"{path}: {error}") from error
    try:
        text = b"".join(parts).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = b"".join(parts)[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}:{line}: not UTF-8") from error
    lines = pc.split_pattern(pa.array([text], pa.large_string()), "\n").flatten()
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(lines, r"(^|\s)#.*", ""))


def read_domains(path: str) -> pa.Array:
    """The domains of a list, large_string, in ASCII and lower case.

    Raises:
        ValueError: as ``read_lines``, or a line is no domain: file, line and what stands there.
    """
    lines = pc.utf8_lower(read_lines(path))
    plain = pc.match_substring_regex(lines, NAME)
    domains = lines.filter(plain)
    others = pc.indices_nonzero(pc.and_(pc.invert(plain), pc.not_equal(lines, ""))).to_numpy()
    spelled = [
        domain
        for number in others.tolist()
        for domain in domains_of(lines[number].as_py(), f"{path}:{number + 1}")
    ]
    return pa.concat_arrays([domains, pa.array(spelled, pa.large_string())])


def domains_of(line: str, place: str) -> list[str]:
    """The domains of a line that is not a plain name: ``"0.0.0.0 a.example b.example"``."""
    hosts = HOSTS_FILE.sub("", line)
    if hosts != line:
        return [ascii_host(name, place) for name in hosts.split() if name not in LOCAL_NAMES]
    return [ascii_host(line.removeprefix("*.").removeprefix("."), place)]


def ascii_host(host: str, place: str = "") -> str:
    """The ASCII form of a host (RFC 3490): ``ascii_host("bücher.example")``.

    Raises:
        ValueError: it is no host; the message begins with ``place``.
    """
    try:
        name = host.rstrip(".").encode("idna").decode().lower()
    except UnicodeError:
        name = ""
    if not re.match(NAME, name):
        raise ValueError(f"{place}: not a domain: {host!r}")
    return name


def read_words(path: str) -> pa.Array:
    """The words of a list, large_string, in lower case.

    Raises:
        ValueError: as ``read_lines``, or a line is more than one run of letters and digits.
    """
    lines = pc.utf8_lower(read_lines(path))
    wrong = pc.match_substring_regex(lines, r"[\x00-\x2f\x3a-\x60\x7b-\x7f]")
    if pc.any(wrong).as_py():
        number = pc.index(wrong, True).as_py()
        what = lines[number].as_py()
        raise ValueError(
            f"{path}:{number + 1}: not a word: {what!r}; a URL is compared word by word, a word "
            "being a run of letters and digits"
        )
    return lines.filter(pc.not_equal(lines, ""))


@cache
def domain_table(paths: tuple[str, ...]) -> Table:
    """The table of several lists of domains; where one stands on two, the first list counts."""
    from stages.urls.url_kernels import build_domains

    return _table([read_domains(path) for path in paths], build_domains)


@cache
def word_table(paths: tuple[str, ...]) -> Table:
    """The table of several lists of words."""
    from stages.urls.url_kernels import build_words

    return _table([read_words(path) for path in paths], build_words)


def _table(columns: list[pa.Array], build: Callable[..., None]) -> Table:
    """Number the lists and fill the hash table, half of it at most."""
    column = pa.concat_arrays([*columns, pa.array([], pa.large_string())])
    texts, offsets = text_buffers(column)
    lists = np.repeat(np.arange(len(columns)), [len(column) for column in columns])
    slots = 1 << max(4, (2 * len(column)).bit_length())
    keys, places = np.zeros(slots, np.uint64), np.full(slots, -1, np.int64)
    build(texts, offsets, keys, places)
    return Table(texts, offsets, lists.astype(np.int64), keys, places)
