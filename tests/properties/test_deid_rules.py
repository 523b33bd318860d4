"""A set of rules says beforehand which of them match a text: it never hides one that would have found something."""

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops.deid.detect.recognizers import FINDERS
from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.spans import View
from llmops.phi import PhiLabel
from tests.benchmarks.fuzz_inputs import PIECES, hostile_text

NOTES = Path(__file__).resolve().parents[2] / "tests/benchmarks/notes/notes-fresh.jsonl"
AROUND = 40
HOSTILE = st.lists(st.sampled_from(PIECES) | st.characters() | st.text(max_size=4), max_size=60).map("".join)


def _without_sets(rules: Rules) -> Rules:
    """The same rules, each tried on every text."""
    bare = Rules(*rules)
    bare._sets, bare._alone = (), tuple(range(len(list(rules))))
    return bare


RULES = [import_module(find.__module__).RULES for _, find in FINDERS]
PAIRS = [(rules, _without_sets(rules)) for rules in RULES]


def _notes() -> Iterator[tuple[str, list[str]]]:
    for line in NOTES.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text = row["text"]
        yield text, [text[max(0, s["start"] - AROUND) : s["end"] + AROUND] for s in row["spans"]]


def _differs(text: str) -> bool:
    view = View.of(text)
    return any(list(rules.find(view, "")) != list(bare.find(view, "")) for rules, bare in PAIRS)


def test_notes_and_what_stands_around_each_of_their_spans() -> None:
    """Whole notes have something for most rules; a line of one for a few, which is where a set could hide one."""
    wrong = [place for place, (note, parts) in enumerate(_notes()) if any(map(_differs, (note, *parts)))]
    assert wrong == []


def test_mutated_notes_and_hostile_texts() -> None:
    """The texts of the fuzz run, short enough for the sets to be asked."""
    assert [number for number in range(300) if _differs(hostile_text(number)[:3_000])] == []


@settings(max_examples=100, deadline=None)
@given(HOSTILE)
def test_any_text(text: str) -> None:
    """What hypothesis makes of the fragments that patterns begin with."""
    assert not _differs(text)


class _Spent:
    """A set of RE2 whose memory ran out: it answers as if nothing matched."""

    def Match(self, data: bytes) -> None:  # noqa: N802 - RE2's name
        """Give no answer."""


@pytest.mark.parametrize("text", ["", "Case no. 4412", "nothing here"])
def test_a_set_out_of_memory_hides_no_rule(text: str) -> None:
    """An answer without the pattern that matches every text is none."""
    rules = Rules(PatternRule(r"\bCase no\. (\d+)", PhiLabel.OTHERID), PatternRule(r"\b(\d{4})\b", PhiLabel.ZIP))
    told = list(rules.find(View.of(text), "r"))
    for one in rules._sets:
        one._set = _Spent()
    assert rules._sets
    assert rules._matching(text.encode()) == [0, 1]
    assert list(rules.find(View.of(text), "r")) == told


def test_rules_keep_their_order() -> None:
    """Of two finds that weigh the same the first one is kept, so that sets must not change their order."""
    rules = Rules(*(PatternRule(rf"({digit})", PhiLabel.OTHERID) for digit in range(9, -1, -1)))
    assert [span.start for span in rules.find(View.of("0123456789"), "r")] == list(range(9, -1, -1))
