"""Reading lists of domains and words."""

import gzip

import pytest
import zstandard

from stages.urls.lists import ascii_host, domain_table, read_domains, read_words

LIST = """\
# a list
example.org
Example.COM   # with a remark
*.wild.example
.dotted.example
trailing.example.
bücher.example
0.0.0.0 ads.example tracker.example
127.0.0.1 localhost
::1 ip6-localhost
fe80::1%lo0 localhost

under_score.example
"""
DOMAINS = {
    "example.org", "example.com", "wild.example", "dotted.example", "trailing.example",
    "xn--bcher-kva.example", "ads.example", "tracker.example", "under_score.example",
}  # fmt: skip


@pytest.mark.parametrize("ending", ["txt", "gz", "zst"])
def test_all_formats_in_all_compressions(tmp_path, ending):
    pack = {"txt": bytes, "gz": gzip.compress, "zst": zstandard.ZstdCompressor().compress}[ending]
    path = tmp_path / f"list.{ending}"
    path.write_bytes(pack(LIST.encode()))
    assert set(read_domains(str(path)).to_pylist()) == DOMAINS


@pytest.mark.parametrize("line", ["example.org/path", "a b", "-x.example", "exa mple.org", "a..b"])
def test_what_is_no_domain_is_named_with_its_line(tmp_path, line):
    path = tmp_path / "list.txt"
    path.write_text(f"example.org\n{line}\n")
    with pytest.raises(ValueError, match=r"list.txt:2: not a domain: '"):
        read_domains(str(path))


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "latin.txt").write_bytes(b"a.example\nb\xfccher.example\n")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(LIST.encode())[:-9])
    with pytest.raises(ValueError, match=r"latin.txt:2: not UTF-8"):
        read_domains(str(tmp_path / "latin.txt"))
    with pytest.raises(ValueError, match=r"cut.gz: truncated"):
        read_domains(str(tmp_path / "cut.gz"))
    with pytest.raises(ValueError, match=r"none.txt"):
        read_domains(str(tmp_path / "none.txt"))


def test_words_are_single(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("Casino # a game\nставки\n")
    assert read_words(str(path)).to_pylist() == ["casino", "ставки"]
    path.write_text("casino\ntwo words\n")
    with pytest.raises(ValueError, match=r"words.txt:2: not a word: 'two words'"):
        read_words(str(path))


def test_the_first_list_counts(tmp_path):
    paths = []
    for name, text in (("a", "one.example\n"), ("b", "one.example\ntwo.example\n")):
        (tmp_path / name).write_text(text)
        paths.append(str(tmp_path / name))
    table = domain_table(tuple(paths))
    used = sorted(place for place in table.places.tolist() if place >= 0)
    assert table.lists[used].tolist() == [0, 1]


def test_hosts_in_ascii():
    assert ascii_host("Bücher.Example.") == "xn--bcher-kva.example"
    assert ascii_host("例子.中国") == "xn--fsqu00a.xn--fiqs8s"
