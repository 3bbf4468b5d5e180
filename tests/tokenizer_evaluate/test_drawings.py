import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from tokenizer_evaluate.drawings import dot_plot, nice_ticks, rank_plot, stacked_bars

HOSTILE = '<script>alert("x")</script>&'


def svg(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(html[html.index("<svg") :])


def test_a_dot_for_each_value() -> None:
    html = dot_plot([("th", [2.0, 3.0]), ("en", [None, 4.0])], ["ours", "other"], "bytes", 1.0)
    circles = svg(html).findall("circle")
    places = [float(circle.get("cx", "")) for circle in circles]
    assert len(circles) == 3 and max(places) == places[-1]  # 4 is furthest to the right
    assert [title.text for title in svg(html).iter("title")][-1] == "en, other: 4"


def test_names_are_escaped() -> None:
    for html in (
        dot_plot([(HOSTILE, [1.0])], [HOSTILE], HOSTILE),
        stacked_bars([(HOSTILE, [1.0])], [HOSTILE], HOSTILE),
        rank_plot([(HOSTILE, [(1, 5), (2, 3)])], HOSTILE, HOSTILE),
    ):
        assert "<script" not in html and "&lt;script&gt;" in html
        svg(html)


def test_parts_of_a_bar_are_as_wide_as_they_are_large() -> None:
    rects = svg(stacked_bars([("a", [10, 30]), ("b", [20, 0])], ["x", "y"], "tokens"))
    widths = [float(rect.get("width", "")) for rect in rects.findall("rect")]
    assert widths[1] == 3 * widths[0] and widths[2] == 2 * widths[0] and len(widths) == 3


def test_a_curve_falls_to_the_right() -> None:
    html = rank_plot([("x", [(1, 1000), (10, 100), (100, 1)])], "rank", "uses")
    [points] = re.findall(r'points="([^"]*)"', html)
    places = [tuple(map(float, point.split(","))) for point in points.split()]
    assert places == sorted(places) and [y for _, y in places] == sorted(y for _, y in places)


def test_nothing_to_draw() -> None:
    assert dot_plot([("th", [None])], ["ours"], "bytes") == ""
    assert rank_plot([("x", [])], "rank", "uses") == ""


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_ticks_are_round_and_reach_all_values(low: float, more: float) -> None:
    ticks = nice_ticks(low, low + more)
    slack = 1e-6 * max(abs(low), abs(low + more), 1)
    assert ticks[0] <= low + slack and ticks[-1] >= low + more - slack
    assert 2 <= len(ticks) <= 12
