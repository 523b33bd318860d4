"""The judge: what it is shown of a word, what its verdict does to finds, and that only the pinned one is run."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops.deid import DeidConfig, Deidentifier
from llmops.deid.detect.combine import combine
from llmops.deid.detect.judge import WIDTH, Judge, Lexicon, gather, same_text
from llmops.deid.detect.judge.evidence import WORD
from llmops.deid.detect.judge.hints import hint
from llmops.deid.detect.judge.same_text import days_apart, initials
from llmops.deid.detect.ner.shipped import LEXICON, SHIPPED, TREES
from llmops.deid.detect.ner.word_scores import LABEL_OF
from llmops.deid.detect.recognizers import FINDERS
from llmops.deid.spans import ScoredWord, Span, View
from llmops.errors import RecipeError
from llmops.phi import PhiLabel

LEAST = 0.4


def span(text: str, surface: str, label: PhiLabel, score: float = 0.7) -> Span:
    start = text.index(surface)
    return Span(start=start, end=start + len(surface), label=label, score=score, recognizer="test")


def word(text: str, surface: str, label: PhiLabel, score: float) -> ScoredWord:
    start = text.index(surface)
    return ScoredWord(start=start, end=start + len(surface), label=label, score=score)


def words(text: str, label: PhiLabel, scores: str) -> list[ScoredWord]:
    """``"Marguerite=.9 at=.1"``."""
    return [
        word(text, surface, label, float(score)) for surface, score in (one.split("=") for one in scores.split(" "))
    ]


def surfaces(text: str, finds: list[Span]) -> list[str]:
    return [text[find.start : find.end] for find in finds]


def test_a_word_is_phi_where_the_judge_says_so_and_neighbours_of_one_kind_are_one_find():
    """With no rule at all, and never over the end of a line."""
    text = "saw ada okafor\nnoor and foley"
    judged = words(text, PhiLabel.NAME, "ada=.9 okafor=.6 noor=.9 foley=.2")
    assert surfaces(text, combine(View.of(text), [], judged, LEAST)) == ["ada okafor", "noor"]


def test_a_name_is_parted_at_a_word_that_the_judge_refuses_and_cut_at_its_ends():
    """``Teaching with Ozark House``: only what is PHI of what a rule took in."""
    text = "Replant Marguerite at Harbor Street Gallery desk"
    find = span(text, text, PhiLabel.ORG)
    judged = words(text, PhiLabel.ORG, "Replant=.1 Marguerite=.9 at=.1 Harbor=.9 Street=.9 Gallery=.8 desk=.3")
    kept = combine(View.of(text), [find], judged, LEAST)
    assert surfaces(text, kept)[:2] == ["Marguerite", "Harbor Street Gallery"]
    assert combine(View.of(text), [find], words(text, PhiLabel.ORG, "Replant=.1 desk=.3"), LEAST) == []


def test_a_word_that_leads_from_one_name_to_the_next_is_part_of_neither():
    """``at`` and ``on`` stay readable at the ends of a find, and are masked within one."""
    text = "Amara Diallo at Saint Jude at Lakeside on"
    judged = words(text, PhiLabel.ORG, "Amara=.9 Diallo=.9 at=.9 Saint=.9 Jude=.9 Lakeside=.9 on=.9")
    assert surfaces(text, combine(View.of(text), [], judged, LEAST))[0] == "Amara Diallo at Saint Jude"
    text = "at Lakeside on"
    judged = words(text, PhiLabel.ORG, "at=.9 Lakeside=.9 on=.9")
    assert surfaces(text, combine(View.of(text), [], judged, LEAST)) == ["Lakeside"]


def test_a_date_stands_or_falls_as_a_whole():
    """Half a date cannot be shifted."""
    text = "seen 4/6/2024 for 7/10 pain"
    date, ratio = span(text, "4/6/2024", PhiLabel.DATE), span(text, "7/10", PhiLabel.DATE)
    judged = words(text, PhiLabel.DATE, "4=.2 6=.9 2024=.1 7=.2 10=.1")
    assert surfaces(text, combine(View.of(text), [date, ratio], judged, LEAST))[0] == "4/6/2024"
    assert "7/10" not in surfaces(text, combine(View.of(text), [date, ratio], judged, LEAST))


@pytest.mark.parametrize(
    ("label", "score", "stands"),
    [(PhiLabel.SSN, 0.9, True), (PhiLabel.PHONE, 0.9, True), (PhiLabel.PHONE, 0.5, False), (PhiLabel.AGE90, 0.5, True)],
)
def test_a_strong_rule_and_an_age_over_89_stand_against_the_judge(label: PhiLabel, score: float, stands: bool):
    """A key beside a number and a check digit are better than a guess; a weak pattern is not."""
    text = "no 900551234 there"
    judged = words(text, PhiLabel.OTHERID, "900551234=.01")
    assert bool(combine(View.of(text), [span(text, "900551234", label, score)], judged, LEAST)) is stands


@pytest.mark.parametrize(("score", "judged", "stands"), [(0.83, 0.15, True), (0.83, 0.05, False), (0.7, 0.15, False)])
def test_a_strong_find_of_a_name_needs_less_of_the_judge(score: float, judged: float, stands: bool):
    """``widow of Eero``: hardly ever wrong, so a faint doubt does not outweigh it; a plain no does."""
    text = "Widow of Eero since"
    kept = combine(
        View.of(text), [span(text, "Eero", PhiLabel.NAME, score)], words(text, PhiLabel.NAME, f"Eero={judged}"), LEAST
    )
    assert bool(kept) is stands


@pytest.mark.parametrize(
    "day",
    [
        "2016-12-10",
        "2016/12/10",
        "2016.12.10",
        "12/10/2016",
        "4/6/2019",
        "04-10-2010",
        "4.10.2010",
        "Apr 10, 2010",
        "April 10th 2010",
        "10 April 2010",
        "10-Apr-2010",
        "10 de abril de 2010",
    ],
)
def test_a_date_in_full_stands_whatever_the_judge_says(day: str):
    """The network took ``2016-12-10`` for figures; no text writes a day with its century and means another thing."""
    view = View.of(f"ambulatory\nDate: {day}\nAge: 71 years")
    finds = list(dict(FINDERS)["date"](view))
    assert day in surfaces(view.text, combine(view, finds, words(view.text, PhiLabel.DATE, "Age=.01"), LEAST))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[doctor] edwin acosta is a 37 -year-old plumber", "edwin acosta"),
        ("you found us . so , harriet , how", "harriet"),
        ("lives with grandmother ruth since", "ruth"),
    ],
)
def test_a_given_name_in_lower_case_stands_whatever_the_judge_says(text: str, name: str):
    """In transcripts and behind a relative, where neither network nor judge may know it for a name."""
    view = View.of(text)
    finds = list(dict(FINDERS)["name"](view))
    judged = [word(text, part, PhiLabel.NAME, 0.01) for part in name.split()]
    assert name in surfaces(text, combine(view, finds, judged, LEAST))


def test_the_initials_of_the_people_named_are_known_in_either_order():
    """Also of a hyphened name and of ``LAST, FIRST``; not over the end of a line, and not of a list of names."""
    text = "Ines Okafor-Blythe\nand FROST, DELBERT K. then Wendell"
    parts = [match.span() for match in WORD.finditer(text)]
    named = [text[start:end].lower() not in {"and", "then"} for start, end in parts]
    found = initials(text, parts, named)
    assert {key for key, value in found.items() if value == 3} == {"iob", "fdk"}
    assert {"ib", "obi", "dkf", "df", "fk"} <= found.keys()
    assert found["w"] == 1
    assert "bf" not in found


def test_a_word_that_is_the_initials_of_a_name_is_put_before_the_judge_as_one():
    """``pw`` behind a dictation of Priya Wells, though neither network nor rules doubt it."""
    text = "Dictated by Priya Wells, typed pw 12 of 30"
    scored = (word(text, "Priya", PhiLabel.NAME, 0.9), word(text, "Wells", PhiLabel.NAME, 0.9))
    evidence = gather(View.of(text, (), scored), [], Lexicon())
    assert [text[start:end] for start, end in evidence.words] == ["Priya", "Wells", "pw"]
    assert evidence.labels[-1] is PhiLabel.NAME
    assert len(gather(View.of(text, (), scored[:1]), [], Lexicon()).words) == 1
    text = "Helen Evans says he is well"
    scored = (word(text, "Helen", PhiLabel.NAME, 0.9), word(text, "Evans", PhiLabel.NAME, 0.9))
    assert len(gather(View.of(text, (), scored), [], Lexicon()).words) == 2


def test_a_pair_of_numbers_is_as_far_from_the_dates_of_a_text_as_the_days_are():
    """Over the turn of the year, the day first where only that is one, and never from itself."""
    text = "12/28/2023 seen, 2-JAN-24 and 2024-01-05 again by Marcus 24; 3/4 of it, 30/12, 45/50, 12/28"
    sure = {match.start(): 0.95 for match in WORD.finditer(text) if match.start() < text.index(";")}
    found = days_apart(text, sure)
    assert found[text.index("12/28")] == (5, 5)
    assert found[text.index("3/4")] == (59, 62)
    assert found[text.index("30/12")] == (2, 3)
    assert found[text.index("45/50")] == (-1, -1)
    assert found[text.rindex("12/28")] == (0, 5)
    assert set(days_apart("4/6 and 5/8", {}).values()) == {(-1, -1)}


def test_days_are_counted_once_for_each_day_of_the_year(monkeypatch: pytest.MonkeyPatch):
    """A text of ten thousand dates holds a hundred million pairs of them."""
    counted: list[int] = []
    measure = same_text._nearest_and_median
    monkeypatch.setattr(same_text, "_nearest_and_median", lambda day, days: counted.append(day) or measure(day, days))
    text = " ".join(f"{n % 12 + 1}/{n % 28 + 1}" for n in range(10_000))
    sure = dict.fromkeys((match.start() for match in WORD.finditer(text)), 0.95)
    assert set(days_apart(text, sure).values()) <= {(0, float(days)) for days in range(184)}
    assert len(counted) <= 366


def test_a_faint_doubt_is_enough_for_an_age_over_89_and_not_for_one_below():
    """The older ones are rare in notes, the others no identifiers."""
    text = "father 94 and mother 77 or ninety and 95yo, in her 90s"
    judged = words(text, PhiLabel.AGE90, "94=.15 77=.15 ninety=.15 95yo=.15 90s=.15")
    assert surfaces(text, combine(View.of(text), [], judged, LEAST)) == ["94", "ninety", "95yo", "90s"]


def test_a_state_alone_is_left():
    """A state or a country by itself is no identifier."""
    text = "from Ohio"
    assert combine(View.of(text), [], words(text, PhiLabel.LOC, "Ohio=.99"), LEAST) == []


LABELS = st.sampled_from(sorted(LABEL_OF.values()))
RANGES = st.lists(st.tuples(st.integers(0, 80), st.integers(1, 20), LABELS, st.floats(0.01, 1)), max_size=12)


@settings(max_examples=200)
@given(st.text(max_size=90), RANGES, RANGES)
def test_every_word_in_doubt_gets_one_row_of_finite_numbers(text: str, scored: list, found: list):
    """Whatever the text, and wherever network and rules point: rows in the order of the words, all of one width."""
    view = View.of(
        text,
        (),
        tuple(
            ScoredWord(start=a, end=min(len(text), a + n), label=label, score=score)
            for a, n, label, score in scored
            if a < len(text)
        ),
    )
    finds = [
        Span(start=a, end=min(len(text), a + n), label=label, score=score, recognizer="test")
        for a, n, label, score in found
        if a < len(text)
    ]
    evidence = gather(view, finds, Lexicon())
    assert len(evidence.words) == len(evidence.labels) == len(evidence.rows)
    assert sorted(set(evidence.words)) == list(evidence.words)
    assert set(evidence.words) <= {match.span() for match in WORD.finditer(view.folded)}
    assert evidence.rows.shape[1] == WIDTH
    assert np.isfinite(evidence.rows).all()


@pytest.mark.parametrize(
    ("text", "surface", "number"),
    [
        ("signed by A. Roe, M.D., today", "M", 1),
        ("cup REF 2030 used", "2030", 2),
        ("Hip 4/5 Knee 3/5 Ankle 5/5", "4", 3),
        ("take 25 mg daily", "25", 4),
        ("variant rs80357906 seen", "rs80357906", 5),
        ("value 9.11 today", "11", 6),
        ("paged at 0730 again", "0730", 7),
        ("room for 12 people", "12", 8),
        ("CEA 1.4 ng/mL after", "ng", 9),
        ("saw Dr. Ng again", "Ng", 0),
        ("MRN 00417992 on file", "00417992", 0),
        ("saw Okafor again", "Okafor", 0),
    ],
)
def test_a_vetted_pattern_is_a_hint_against_a_word(text: str, surface: str, number: int):
    """Catalogue numbers, scores, measures, genes, fractions, times, counts and credentials; nothing else."""
    start = text.index(surface)
    before = text[:start].rstrip(" .").lower().split(" ")[-1]
    gap = start - text[:start].lower().rfind(before) - len(before)
    assert hint(text, start, start + len(surface), before, gap) == number


def test_the_same_word_is_masked_as_a_name_and_left_as_a_sign():
    """The word is the same, what stands around it is not."""
    text = "Mrs. Babinski called about her bill.\nNeuro: Babinski downgoing, Foley out, Wilson disease excluded.\n"
    found = Deidentifier(config=DeidConfig()).detect(text)
    assert [find.start for find in found] == [text.index("Babinski")]


def test_a_recipe_can_mask_more_and_never_less():
    """A lower threshold takes in words that the model's own leaves; a higher one changes nothing."""
    lines = (Path(__file__).parents[4] / "tests/benchmarks/notes/notes-test.jsonl").read_text("utf-8").splitlines()[:6]
    texts = [json.loads(line)["text"] for line in lines]

    def masked(**settings: float) -> list[list[tuple[int, int]]]:
        found = Deidentifier(config=DeidConfig(**settings)).detect_many(texts)
        return [[(find.start, find.end) for find in finds] for finds in found]

    def characters(some: list[list[tuple[int, int]]]) -> int:
        return sum(end - start for finds in some for start, end in finds)

    own = masked()
    assert characters(masked(word_threshold=0.05)) > characters(own)
    assert masked(word_threshold=0.99) == own


@pytest.mark.parametrize("name", ["score_threshold", "word_threshold", "withhold_above_risk"])
@pytest.mark.parametrize("value", [math.nan, -0.1, 1.1])
def test_a_limit_that_is_none_is_refused(name: str, value: float):
    """Nothing is greater than "not a number": as a threshold it would let every word pass."""
    with pytest.raises(RecipeError, match=name):
        DeidConfig(**{name: value})


def test_the_threshold_of_scores_may_only_be_lowered():
    """At 1.0 every find of a rule would be dropped."""
    assert DeidConfig(score_threshold=0.2).score_threshold == 0.2
    with pytest.raises(RecipeError, match=r"score_threshold may only be lowered, from 0\.3"):
        DeidConfig(score_threshold=1.0)


def test_a_lexicon_keeps_what_it_counted():
    """Written and read, it says the same; a word it has not seen is doubtful, not innocent."""
    lexicon = Lexicon.count([[("dr", False), ("okafor", True), ("saw", False), ("okafor", True)]])
    again = Lexicon.from_json(lexicon.to_json())
    assert again == lexicon
    (name, verb, title, unseen) = again.odds(["okafor", "saw", "dr", "hjelmqvist"])
    assert name[0] > unseen[0] > verb[0]
    assert title[2] > unseen[2]
    assert unseen[1] == 0


@pytest.mark.parametrize("name", [TREES, LEXICON])
def test_a_changed_or_missing_judge_is_refused(tmp_path: Path, name: str):
    """Nothing is judged with files that are not the pinned ones."""
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "model"))
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(RecipeError, match="not the file"):
        Judge(folder)
    (folder / name).unlink()
    with pytest.raises(RecipeError, match="cannot be read"):
        Judge(folder)
