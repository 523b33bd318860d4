"""The metric: tokens, free labels, partial cover, clean documents."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from llmops.deid.evaluate import Proportion, evaluate
from llmops.errors import SourceError
from llmops.phi import PhiFinding, PhiLabel


class Fixed:
    """Answers with the same ranges for every text."""

    def __init__(self, *ranges: tuple[int, int]) -> None:
        self.ranges = ranges

    def detect_many(self, texts: Iterable[str]) -> Iterator[list[PhiFinding]]:
        for _ in texts:
            yield [
                PhiFinding(start=a, end=b, label=PhiLabel.NAME, score=1.0, recognizer="fixed") for a, b in self.ranges
            ]


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
