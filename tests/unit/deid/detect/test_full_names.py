"""A full name with a common given name stands, whatever network and judge say; what is named for people does not."""

import pytest

from llmops.deid import DeidConfig, Deidentifier
from llmops.deid.detect.combine import combine
from llmops.deid.detect.recognizers.names import full_name
from llmops.deid.spans import ScoredWord, View
from llmops.phi import PhiLabel

NAMES = [
    ("Patient is a 55-year-old male, John Smith, with stage 3 CKD.", "John Smith"),
    ("Discussed with Mary T. Johnson today", "Mary T. Johnson"),
    ("Mary Ann Rodriguez-Lopez said no", "Mary Ann Rodriguez-Lopez"),
    ("James Van Houten was seen", "James Van Houten"),
    ("JOHN SMITH", "JOHN SMITH"),
    ("MARY BROWN was seen", "MARY BROWN"),
    ("Smith, John A.", "Smith, John A."),
    ("WILLIAMS, LINDA", "WILLIAMS, LINDA"),
    ("smith, john a. is here", "smith, john a."),
    ("seen by james k. wilson today", "james k. wilson"),
    ("pt mary johnson here for refill", "mary johnson"),
    ("- Robert Young denies pain", "Robert Young"),
    ("Frank Miller called", "Frank Miller"),
    ("his wife Hope Young is here", "Hope Young"),
    ("Hope Young, MD", "Hope Young"),
    ("Karen O'Brien left", "Karen O'Brien"),
    ("Mary-Jane Watson's chart", "Mary-Jane Watson"),
    ("Maureen Sheehan MA CCC-SLP", "Maureen Sheehan"),
    ("Mrs. Smith slept", "Smith"),
    ("Maria C. Hall underwent repair", "Maria C. Hall"),
    ("We evaluated Shelia Mills for cellulitis", "Shelia Mills"),
    ("Dr. Long agreed", "Long"),
    ("Mr. Martin's partner", "Martin"),
]
LOOK_ALIKES = [
    "Johnson-Stevens syndrome",
    "Stevens-Johnson syndrome",
    "Foley catheter in place",
    "Austin Moore prosthesis on the left",
    "the Austin Moore on the left",
    "Barrett esophagus without dysplasia",
    "Grace Score 104",
    "Jackson Pratt drain to bulb",
    "Jackson-Pratt to bulb",
    "Charles Bonnet, explained",
    "Marcus Gunn pupil",
    "Robert Jones dressing",
    "Thomas splint",
    "James Wilson disease",
    "Jackson, Allen, and Kelly clamps",
    "Frank Parkinson disease",
    "St. Louis Criteria",
    "Carolina Beach",
    "Will Call Back",
    "Mark Site Before Surgery",
    "frank blood and rose spots",
    "may cause dizziness",
    "Glucose, Sodium, K+ 4.1",
    "kelly green stain",
    "Virginia Mason",
    "Call Dr. Ash Tree",
]


@pytest.mark.parametrize(("text", "name"), NAMES)
def test_a_full_name_stands_against_network_and_judge(text: str, name: str):
    """They are surest where ordinary names were eponyms in the notes they learnt from."""
    view = View.of(text)
    finds = list(full_name.find(view))
    judged = [
        ScoredWord(start=text.index(part), end=text.index(part) + len(part), label=PhiLabel.NAME, score=0.001)
        for part in name.split()
    ]
    assert name in [text[find.start : find.end] for find in combine(view, finds, judged, 0.4)]


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_what_is_named_for_somebody_is_no_name(text: str):
    """Neither is a heading, nor a list."""
    assert list(full_name.find(View.of(text))) == []


def test_a_common_name_is_masked_in_a_note_without_other_phi():
    """It came out unchanged, though the rules had found it; the syndrome of the same surname stays."""
    note = (
        "Assessment: 55-year-old male, John Smith, with stage 3 CKD. No Stevens-Johnson syndrome with allopurinol.\n"
        "Smith fracture of the wrist in 2009. Plan: recheck creatinine, continue lisinopril 20 mg daily.\n"
    )
    found = [note[f.start : f.end] for f in Deidentifier(config=DeidConfig()).detect(note)]
    assert "John Smith" in found
    assert not any("Stevens" in surface or "Johnson" in surface for surface in found)
