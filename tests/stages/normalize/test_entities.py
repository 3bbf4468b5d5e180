"""HTML character references: decoded in prose, kept in code and where they are the subject."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.normalize.entities import decode_entities


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Caf&eacute; &amp; bar", "Café & bar"),
        ("We&#8217;re &#x201C;here&#x201D;", "We’re “here”"),
        ("10&nbsp;km", "10\u00a0km"),
        ("AT&amp;amp;T, R&amp;D", "AT&T, R&D"),
        ("Windows&#146;s quote", "Windows’s quote"),  # byte 92 of Windows-1252
        ("<p>a&nbsp;b &amp; &quot;c&quot;</p>", "<p>a\u00a0b &amp; &quot;c&quot;</p>"),
        ("&lt;p&gt;say &quot;hi&quot;&lt;/p&gt;", '<p>say "hi"</p>'),  # escaped as a whole
        ("&#1055;&#1088;&#1080; &lt;b&gt;", "При <b>"),
    ],
)
def test_decoded(text, expected):
    assert decode_entities(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "```\na &amp;&amp; b\n```",
        "write `&nbsp;` for it",
        "    x &amp; y",
        's.replace("&nbsp;", " ")',
        "HTML has entities such as &eacute; and &nbsp; for letters",
        "a &lt; b in one line of many & so on",
        "fish & chips; &nosuchname; &#0; &#xD800; &#1114112;",
        "https://example.org/?a=1&copy=2&lt",
        "<code>a &#96; b</code>",
    ],
)
def test_kept(text):
    assert decode_entities(text) == text


pieces = st.sampled_from(
    ["&amp;", "&lt;", "amp;", "&", "#38;", "&#38;", "lt;", "&quot;", '"', "é", "&eacute;", " ", "x"]
)


@settings(deadline=None)
@given(st.lists(pieces, max_size=8).map("".join))
def test_none_is_left_that_would_be_decoded(text):
    decoded = decode_entities(text)
    assert decode_entities(decoded) == decoded
    assert len(decoded) <= len(text)
