"""The metric: tokens, free labels, partial cover, clean documents."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from llmops.deid.measure.evaluate import Proportion, evaluate
from llmops.deid.measure.page import write_page
from llmops.errors import SourceError
from llmops.phi import PhiFinding, PhiLabel


class Fixed:
    """Answers with the same ranges for every text."""

    def __init__(self, *ranges: tuple[int, int]) -> None:
        self.ranges = ranges

    def detect_many(self, texts: Iterable[str]) -> Iterator[list[PhiFinding]]:
        for _ in texts:
            yield [PhiFinding(start=a, end=b, label=PhiLabel.NAME) for a, b in self.ranges]


class Each:
    """Answers each text with ranges of its own."""

    def __init__(self, *answers: list[tuple[int, int]]) -> None:
        self.answers = answers

    def detect_many(self, texts: Iterable[str]) -> Iterator[list[PhiFinding]]:
        for text, ranges in zip(texts, self.answers, strict=True):
            yield from Fixed(*ranges).detect_many([text])


def gold(tmp_path: Path, *notes: tuple[str, list[tuple[int, int, str]]]) -> Path:
    path = tmp_path / "gold.jsonl"
    lines = [
        {"id": str(i), "text": text, "spans": [{"start": a, "end": b, "label": label} for a, b, label in spans]}
        for i, (text, spans) in enumerate(notes)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def test_a_token_in_part_is_a_leak(tmp_path: Path) -> None:
    """Every PHI character of a token must be covered."""
    result = evaluate(gold(tmp_path, ("Amy Roe left", [(0, 7, "NAME")])), Fixed((0, 3), (4, 6)))
    assert (result.recall.hits, result.recall.total) == (1, 2)
    assert result.precision.value == 1.0
    assert [leak.surface for leak in result.leaks] == ["Roe"]
    assert "Roe" not in repr(result)


def test_free_labels_count_neither_way(tmp_path: Path) -> None:
    """A weekday may be masked or not."""
    path = gold(tmp_path, ("Monday Amy", [(0, 6, "DATE_SOFT"), (7, 10, "NAME")]))
    for detector in (Fixed((7, 10)), Fixed((0, 10))):
        result = evaluate(path, detector)
        assert (result.recall.value, result.precision.value) == (1.0, 1.0)


def test_documents_without_phi_are_counted_apart(tmp_path: Path) -> None:
    """Over-redaction is told in masked tokens of 1,000."""
    result = evaluate(gold(tmp_path, ("one two three four", [])), Fixed((0, 3)))
    assert result.touched_documents == Proportion(hits=1, total=1)
    assert result.over_redaction_per_1000 == 250


def test_bounds_are_exact() -> None:
    """Clopper-Pearson: known values."""
    low, high = Proportion(hits=8, total=10).bounds
    assert (round(low, 4), round(high, 4)) == (0.4439, 0.9748)
    assert Proportion(hits=0, total=0).bounds == (0.0, 1.0)


def test_broken_gold_is_refused_without_its_content(tmp_path: Path) -> None:
    """The message carries no line of the file."""
    path = tmp_path / "gold.jsonl"
    path.write_text("Amy Roe")
    with pytest.raises(SourceError) as caught:
        evaluate(path, Fixed())
    assert "Amy" not in str(caught.value)


def test_spans_and_documents_have_their_own_figures(tmp_path: Path) -> None:
    """A mark counts once however many tokens it has; a document is right only as a whole."""
    path = gold(tmp_path, ("Amy Roe left", [(0, 7, "NAME")]), ("Amy Roe left", [(0, 7, "NAME")]), ("all well", []))
    result = evaluate(path, Each([(0, 7)], [(0, 3)], [(0, 3)]))
    assert (result.spans.recall, result.spans.precision) == (Proportion(hits=1, total=2), Proportion(hits=2, total=3))
    assert (result.documents.recall, result.documents.precision) == (
        Proportion(hits=1, total=2),
        Proportion(hits=2, total=3),
    )
    assert round(result.tokens.f1, 4) == 0.75
    assert (result.by_identifier, result.by_label) == (
        (("name", Proportion(hits=3, total=4)),),
        (("NAME", Proportion(hits=3, total=4)),),
    )


def test_bare_years_are_told_apart(tmp_path: Path) -> None:
    """Safe Harbor lets a year stay: a gold mark on it is scored with and without."""
    path = gold(tmp_path, ("on March 14, 2024 and 1999", [(3, 17, "DATE")]))
    result = evaluate(path, Fixed((3, 11), (22, 26)))
    assert (result.dates, result.dates_without_years) == (Proportion(hits=2, total=3), Proportion(hits=2, total=2))
    assert result.tokens.precision.value < result.without_bare_years.precision.value == 1.0


def test_titles_states_and_relative_dates_can_be_free(tmp_path: Path) -> None:
    """Some annotators mark them; ours leave them free."""
    text = "Dr. Roe of Duluth, Ohio saw her last week"
    marks = [(0, 7, "NAME"), (11, 23, "GEOGRAPHIC_LOCATION"), (32, 41, "DATE")]
    found = Fixed((4, 7), (11, 17))
    path = gold(tmp_path, (text, marks))
    assert evaluate(path, found).recall == Proportion(hits=2, total=6)
    assert evaluate(path, found, free_titles=True).recall == Proportion(hits=2, total=2)


def test_what_a_policy_keeps_counts_neither_way(tmp_path: Path) -> None:
    """Finds of a kept label mask nothing; marks of it are free."""
    path = gold(tmp_path, ("Amy on 3/14", [(0, 3, "NAME"), (7, 11, "DATE")]))
    result = evaluate(path, Fixed((0, 3)), kept=frozenset({PhiLabel.DATE}))
    assert (result.recall.value, result.precision.value) == (1.0, 1.0)


def test_labels_may_have_any_name(tmp_path: Path) -> None:
    """Known names of other annotators are put under their identifier, others stay as they are."""
    text = "Amy AB12 x"
    path = gold(tmp_path, (text, [(0, 3, "Patient"), (4, 8, "aadhaar no."), (9, 10, "")]))
    result = evaluate(path, Fixed((0, 3)))
    assert [name for name, _ in result.by_identifier] == ["", "aadhaar no.", "name"]


@pytest.mark.parametrize(
    "line",
    [
        '{"text": "Amy"}',
        '{"text": 5, "spans": []}',
        '{"text": "Amy", "spans": [{"start": 0, "end": 9, "label": "NAME"}]}',
        '{"text": "Amy", "spans": [{"start": "0", "end": 2, "label": "NAME"}]}',
        '{"text": "Amy", "spans": [[0, 2]]}',
        '["Amy"]',
    ],
)
def test_a_line_that_is_no_note_is_named_by_number(tmp_path: Path, line: str) -> None:
    """Ranges are checked too; the line is not shown."""
    path = tmp_path / "gold.jsonl"
    path.write_text('{"text": "fine", "spans": []}\n' + line)
    with pytest.raises(SourceError, match="line 2") as caught:
        evaluate(path, Fixed())
    assert "Amy" not in str(caught.value)


def test_the_page_shows_context_to_its_owner_alone(tmp_path: Path) -> None:
    """Leaks and over-redactions in context, escaped, mode 0600 also where the file was there; the summary has none."""
    result = evaluate(gold(tmp_path, ("<b>Amy</b> Roe", [(3, 6, "NAME")])), Fixed((11, 14)))
    page = tmp_path / "page.html"
    page.touch(mode=0o644)
    write_page(result, page)
    assert page.stat().st_mode & 0o777 == 0o600
    content = page.read_text()
    assert "&lt;b&gt;<mark>Amy</mark>" in content
    assert "<mark>Roe</mark>" in content
    assert "raw zone" in content
    assert "Amy" not in json.dumps(result.summary())
    with pytest.raises(SourceError):
        write_page(result, tmp_path / "none" / "page.html")
