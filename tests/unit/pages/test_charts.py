"""Charts are SVG that a strict policy allows and a screen reader can tell."""

import re
from xml.etree import ElementTree as ET

from llmops.pages.charts import bar, histogram


def widths(chart):
    return [float(width) for width in re.findall(r'width="([\d.]+)%"', chart)]


def test_a_bar_has_its_parts_side_by_side():
    """In percent of the whole; what is not there is not drawn."""
    chart = bar({"main": 60, "bad": 15, "good": 0}, 100, "60 left")
    shapes = ET.fromstring(chart).findall("rect")
    assert [(shape.get("class"), shape.get("x")) for shape in shapes] == [("main", "0.00%"), ("bad", "60.00%")]
    assert widths(chart) == [60, 15]


def test_a_small_part_can_be_seen_and_a_bar_of_nothing_is_empty():
    """One identifier among a million is one to be seen."""
    assert widths(bar({"main": 1}, 1_000_000, "")) == [0.8]
    assert widths(bar({"main": 0}, 0, "")) == []


def test_a_histogram_has_a_column_and_a_count_where_something_is():
    """And every label; the highest column is as high as the plot."""
    tree = ET.fromstring(histogram([0, 3, 1200], ["a", "b", "c"], "scores"))
    heights = [float(shape.get("height")) for shape in tree.iter("rect")]
    assert len(heights) == 2
    assert heights[0] < heights[1] == 90
    assert sorted(text.text for text in tree.iter("text")) == ["1,200", "3", "a", "b", "c"]


def test_an_empty_histogram_is_drawn():
    """No division by zero."""
    assert "<rect" not in histogram([0] * 10, list("0123456789"), "none")
    assert histogram([], [], "none")


def test_charts_have_a_role_and_an_escaped_title():
    """Words of a title or a label are text, never markup."""
    for chart in (bar({"main": 1}, 1, "<b>&"), histogram([1], ["<b>"], "<b>&")):
        tree = ET.fromstring(chart)
        assert tree.get("role") == "img"
        assert tree.find("title").text == "<b>&"
        assert "<b>" not in chart
