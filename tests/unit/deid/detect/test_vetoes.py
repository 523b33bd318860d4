"""What is never PHI whatever network and judge say of it, beside look-alikes that are."""

import pytest

from llmops.deid.detect.vetoes import without_vetoed
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

NAME, ORG, LOC, DATE = PhiLabel.NAME, PhiLabel.ORG, PhiLabel.LOC, PhiLabel.DATE


def find(text: str, surface: str, label: PhiLabel, score: float = 0.64) -> Span:
    start = text.index(surface)
    return Span(start=start, end=start + len(surface), label=label, score=score, recognizer="test")


def surfaces(text: str, *finds: Span) -> list[str]:
    return [text[one.start : one.end] for one in without_vetoed(View.of(text), finds)]


DROPPED = [
    ("take one p.r.n. for pain", "p.r.n", NAME),
    ("take one p.r.n. for pain", "p", NAME),
    ("Lasix 20 mg q. b.i.d. now", "q", NAME),
    ("ketorolac q.4-6h. p.r.n. pain", "q", NAME),
    ("nightly q.h.s. and q.p.m. dosing", "p", ORG),
    ("fruit, e.g. apples", "e.g", NAME),
    ("kept n.p.o. since six", "n.p.o", NAME),
    ("the nurse (R.N.) agrees", "R.N.", NAME),
    ("26 mCi of Technetium 99m MDP", "99m", PhiLabel.AGE90),
    ("Tc-99m sestamibi", "Tc-99m", PhiLabel.OTHERID),
    ("in good condition.nan", "nan", NAME),
    ("NEURO:nan", "NEURO:nan", NAME),
    ("taken to the Postanesthesia Care Unit with stable signs", "Postanesthesia Care", ORG),
    ("taken to the Postanesthesia Care Unit with stable signs", "Unit", ORG),
    ("seen in the Urology Clinic on Tuesday", "Urology Clinic", ORG),
    ("Dr. Amadi of Cardiology Service agrees", "Cardiology Service", ORG),
    ("by the Department of Otolaryngology today", "Department", ORG),
    ("went to Newborn Nursery.", "Newborn Nursery", ORG),
    ("6/02 Whole Body Bone Scan:", "Whole Body Bone", ORG),
    ("5/02 MRA Lower Extremity", "Lower", NAME),
    ("moved to the United States in spring", "United", NAME),
    ("moved to the United States in spring", "United States", ORG),
    ("visits in northern California often", "northern California", LOC),
    ("raised in North Carolina.", "North", NAME),
    ("a clinic in southeastern Idaho, rural", "southeastern Idaho", ORG),
    ("tests for Huntington Disease", "Huntington", NAME),
    ("tests for huntington's disease", "huntington's", ORG),
    ("died of Huntington's.", "Huntington's", ORG),
    ("died of Lou Gehrig's disease", "Lou", NAME),
    ("the Balfour retractor was placed", "Balfour", NAME),
    ("with jorgenson scissors", "jorgenson", NAME),
    ("and the Portnoy ventricular catheter", "Portnoy", NAME),
    ("PROCEDURE:\nKeller Bunionectomy.", "Keller", NAME),
    ("given indigo carmine dye", "carmine", NAME),
    ("on the Western Aphasia Battery", "Western Aphasia Battery", ORG),
    ("New York Heart Association class II", "York Heart Association", NAME),
    ("her South Beach Diet", "South Beach", ORG),
    ("trial NCT00012345 began", "NCT00012345", PhiLabel.LICENSE),
    ("cycle 2 of POG-9641", "POG-9641", PhiLabel.OTHERID),
    ("under WAC 296-20-240", "296-20-240", PhiLabel.OTHERID),
    ("locking plate C3-C5 was", "C3-C5", PhiLabel.VEHICLE),
    ("grew Legionella pneumophila", "Legionella", NAME),
    ("grew Enterobacter", "Enterobacter", NAME),
    ("well.  Interestingly, she denies", "Interestingly", NAME),
    ("a single white female who", "white", NAME),
    ("pain in RUE today", "RUE", LOC),
    ("at the end of October", "of", DATE),
    ("in the month of June", "of", DATE),
    ("On the 4th postoperative day", "the 4th", DATE),
    ("eroding the 8th to 9th rib", "the 8th", DATE),
    ("is the 3rd of 4 children", "the 3rd", DATE),
    ("the 7th TNM edition", "the 7th", DATE),
    ("a quotient of 26.4", "26.4", DATE),
    ("fell 15-20feet down", "15-20feet", DATE),
    ("DTRs 2/4 and equal", "2/4", DATE),
    ("Murmur 2/6 at the base", "2/6", DATE),
    ("no J.V.D. today", "J.V.D", NAME),
    ("the Heart Failure Clinic will call", "Heart Failure Clinic", ORG),
    ("reflexes 2/2 and symmetric", "2/2", DATE),
    ("strength is 5/5 throughout", "5/5", DATE),
]

KEPT = [
    ("Patient E.G. was seen", "E.G.", NAME),
    ("initials p.o. on the form", "p.o", NAME),
    ("Patient R.N. was seen", "R.N.", NAME),
    ("my nan fell", "nan", NAME),
    ("at the Fairwood Urology Clinic", "Fairwood Urology Clinic", ORG),
    ("at the Fairwood Urology Clinic", "Urology Clinic", ORG),
    ("known to the fairwood plastic surgery service", "plastic surgery service", ORG),
    ("the Department of Ophthalmology at Pamuk University", "Department", ORG),
    ("to Pipes General Hospital", "Hospital", ORG),
    ("seen at General Hospital for", "General Hospital", ORG),
    ("followed by Pulmonary Medicine Associates", "Pulmonary Medicine Associates", ORG),
    ("from Harney Hospital, Burns", "Burns", LOC),
    ("discussed with Dr. Hand today", "Hand", NAME),
    ("seen at New York Presbyterian", "New York", ORG),
    ("treated at Northern California Heart Institute", "Northern California Heart Institute", ORG),
    ("Mr. Huntington has pain", "Huntington", NAME),
    ("Ms. Okafor's disease progressed", "Okafor's", NAME),
    ("Dr. Balfour retractor in hand", "Balfour", NAME),
    ("Okafor catheter out at ten", "Okafor", NAME),
    ("Virginia agrees to this", "Virginia", NAME),
    ("license NC0001234", "NC0001234", PhiLabel.LICENSE),
    ("tag C3-K55 on the car", "C3-K55", PhiLabel.VEHICLE),
    ("at home.  Kimberly, her sister", "Kimberly", NAME),
    ("JOHN WHITE MALE 45", "WHITE", NAME),
    ("Dr. White, female", "White", NAME),
    ("the 4th of July", "of", DATE),
    ("on the 4th she fell", "the 4th", DATE),
    ("seen on 10.07 by", "10.07", DATE),
    ("seen on 2/2, reflexes brisk", "2/2", DATE),
    ("seen on 2/6, murmur louder", "2/6", DATE),
    ("2/4 PT: strength better", "2/4", DATE),
    ("strength fine.  5/5 PT came", "5/5", DATE),
    ("due 5/5 for labs", "5/5", DATE),
    ("Surgery scheduler Ms. An gave", "An", NAME),
    ("Maria asthma plan", "Maria", NAME),
]


@pytest.mark.parametrize(("text", "surface", "label"), DROPPED)
def test_what_is_never_phi_stays_in_the_text(text: str, surface: str, label: PhiLabel) -> None:
    """Only a certain rule outweighs it."""
    assert surfaces(text, find(text, surface, label)) == []
    assert surfaces(text, find(text, surface, label, 0.99)) == [surface]


@pytest.mark.parametrize(("text", "surface", "label"), KEPT)
def test_what_only_looks_like_it_is_found(text: str, surface: str, label: PhiLabel) -> None:
    """A title, a place in front, a sentence of another kind: the find stands."""
    assert surfaces(text, find(text, surface, label)) == [surface]


@pytest.mark.parametrize(
    ("text", "surface", "label", "rest"),
    [
        ("RECORDS:\n2.  July 17, films", "2.  July", DATE, "July"),
        ("1. March 7, seen", "1. March 7", DATE, "March 7"),
        ("works in downtown Wendover", "in downtown Wendover", ORG, "Wendover"),
        ("Vascular Surgery at Barth House", "at Barth House", ORG, "Barth House"),
        ("friends at the Terrace here", "at the Terrace", LOC, "Terrace"),
        ("at Barth House and he", "Barth House and", ORG, "Barth House"),
        ("lives in the Bronx", "the Bronx", LOC, "the Bronx"),
        ("seen 2. July 17", "2. July 17", DATE, "2. July 17"),
    ],
)
def test_a_find_begins_and_ends_with_its_own_words(text: str, surface: str, label: PhiLabel, rest: str) -> None:
    """The number of a list is no part of the date behind it, nor what leads to a place part of its name."""
    assert surfaces(text, find(text, surface, label)) == [rest]


def test_what_joins_two_finds_stays_with_them() -> None:
    """``Good Shepherd of Wadena`` is one name, found in parts."""
    text = "to Good Shepherd of Wadena"
    parts = [find(text, "Good Shepherd", ORG), find(text, "of", ORG), find(text, "Wadena", LOC)]
    assert surfaces(text, *parts) == ["Good Shepherd", "of", "Wadena"]
    assert surfaces(text, parts[1]) == []


@pytest.mark.parametrize(
    ("text", "found", "left"),
    [
        ("seen in October. 24-hour Holter was worn", "October. 24", "October"),
        ("surgery in March. 3 drains were left", "March. 3", "March"),
        ("due November. 12 weeks later", "November. 12", "November"),
        ("seen on Oct. 24 and sent home", "Oct. 24", "Oct. 24"),
        ("seen October. 24, then again", "October. 24", "October. 24"),
        ("seen October. 24 at noon", "October. 24", "October. 24"),
    ],
)
def test_a_date_ends_with_the_sentence_where_the_number_counts_what_follows(text: str, found: str, left: str):
    """A full stop behind a month written out ends a sentence, one behind a short form does not."""
    assert surfaces(text, find(text, found, DATE)) == [left]
