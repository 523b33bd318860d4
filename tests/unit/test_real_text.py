"""The development set from real text: built by marks that hold none of that text."""

import hashlib
import json
import re
from itertools import chain, pairwise
from pathlib import Path

import pytest

from tests.benchmarks import real_text
from tests.benchmarks.real_text import MARKS, SETS, SOURCES, apply, build, dictated

LABELS = {"NAME", "LOC", "ORG", "DATE", "AGE90", "DEVICE", "URL"}
FREE = {"NAME_SOFT", "ORG_SOFT", "DATE_SOFT", "DEVICE_SOFT"}
LONGEST_COMMON = 3
"""Words: ``Regional Medical Center`` stands in any report."""
MARKED = [json.loads(line) for line in MARKS.read_text(encoding="utf-8").splitlines()]


def test_marks_replace_and_follow_the_text() -> None:
    """A surrogate takes the place of what stood there, and every later mark moves with it."""
    marks = [[12, 13, "NAME", "Ana Ortiz"], [17, 20, "DATE"], [24, 25, "ORG", "B"]]
    text, spans = apply("Seen by Dr. X on 3/4 at Y.", marks)
    assert text == "Seen by Dr. Ana Ortiz on 3/4 at B."
    assert [(text[start:end], label) for start, end, label in spans] == [
        ("Ana Ortiz", "NAME"),
        ("3/4", "DATE"),
        ("B", "ORG"),
    ]


def test_dictation_has_no_capitals_and_no_punctuation_but_in_numbers() -> None:
    """Marks still cover their words."""
    written = "PLAN:\n1.  Dr. O'Hara, 10/3/2008:  98.6 F, p.r.n.(PT)"
    text, spans = dictated(written, [(14, 20, "NAME"), (22, 31, "DATE")])
    assert text == "plan 1 dr o'hara 10/3/2008 98.6 f prn pt "
    assert [text[start:end] for start, end, _ in spans] == ["o'hara", "10/3/2008"]


def test_marks_are_in_order_with_labels_of_the_project() -> None:
    """Each text once, in a set that is known."""
    assert len({marked["id"] for marked in MARKED}) == len(MARKED)
    for marked in MARKED:
        assert marked["set"] in SETS
        assert all(start < end for start, end, *_ in marked["marks"])
        assert all(end <= start for (_, end, *_), (start, *_) in pairwise(marked["marks"]))
        assert {mark[2] for mark in marked["marks"]} <= LABELS | FREE


def test_marks_file_holds_no_text(corpora: Path) -> None:
    """Nothing but offsets, labels, digests and surrogates; no surrogate shares four words in a row with the corpora."""
    shingles = set(chain.from_iterable(_shingles(text) for _, text in real_text._texts(corpora)))
    for marked in MARKED:
        assert set(marked) == {"set", "id", "sha256", "marks"}
        surrogates = [surrogate for _, _, _, *rest in marked["marks"] for surrogate in rest]
        assert not shingles & set(chain.from_iterable(map(_shingles, surrogates)))


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + LONGEST_COMMON + 1]) for i in range(len(words) - LONGEST_COMMON)}


def test_the_same_corpora_give_the_same_sets(corpora: Path, tmp_path: Path) -> None:
    """All four sets and the dictation, byte for byte, and every mark in range and not blank at its ends."""
    counts = build(corpora, tmp_path / "one")
    assert build(corpora, tmp_path / "two") == counts
    assert set(counts) == {*SETS, "real-dev-dictation"}
    for name in counts:
        written = (tmp_path / "one" / f"{name}.jsonl").read_bytes()
        assert written == (tmp_path / "two" / f"{name}.jsonl").read_bytes()
        for note in map(json.loads, written.decode().splitlines()):
            surfaces = [note["text"][span["start"] : span["end"]] for span in note["spans"]]
            assert all(surface and surface == surface.strip() for surface in surfaces)


def test_other_texts_than_the_marked_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offsets would point anywhere; the message names the id and quotes nothing."""
    (tmp_path / "narrative").mkdir()
    for source in SOURCES:
        (tmp_path / source).write_text(json.dumps({"id": source, "text": "Anna Berg left."}) + "\n", encoding="utf-8")
    marks = tmp_path / "marks.jsonl"
    wrong = {"set": "real-dev", "id": SOURCES[0], "sha256": hashlib.sha256(b"another").hexdigest(), "marks": []}
    marks.write_text(json.dumps(wrong) + "\n", encoding="utf-8")
    monkeypatch.setattr(real_text, "MARKS", marks)
    with pytest.raises(ValueError, match=re.escape(SOURCES[0])) as refused:
        build(tmp_path, tmp_path / "out")
    assert "Anna" not in str(refused.value)
