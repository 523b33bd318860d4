"""What stands whatever network and judge say: month and year, surnames behind titles, workplaces; and look-alikes."""

import pytest

from llmops.deid.detect.recognizers import FINDERS
from llmops.deid.spans import View

BY_NAME = dict(FINDERS)
CERTAIN = 0.99


def surfaces(recognizer: str, text: str) -> list[str]:
    found = BY_NAME[recognizer](View.of(text))
    return [text[one.start : one.end] for one in found if one.score >= CERTAIN]


MATCHES = [
    ("date", "s/p CABG 8/95, doing well", "8/95"),
    ("date", "Catheterization 8/95, bypass 11/95.", "8/95"),
    ("date", "breast ca, dx 4/94 and", "4/94"),
    ("date", "repeat MRI in 8/90 was", "8/90"),
    ("date", "stable. A 6/88 HCT showed", "6/88"),
    ("date", "since the 10/92 MRI she", "10/92"),
    ("date", "courses 3/92 6/92 9/92 of chemo", "6/92"),
    ("date", "courses 3/92 6/92 9/92 of chemo", "9/92"),
    ("date", "evaluation on 10/96 noted", "10/96"),
    ("date", "PPD was negative 11/95", "11/95"),
    ("date", "in early 12/90 he fell", "12/90"),
    ("date", "the ablation done in may which", "may"),
    ("date", "seen in august of 2009 for", "august of 2009"),
    ("titled", "seen by Dr. Johnson. Reportedly", "Johnson"),
    ("titled", "where Dr. Irish noted it", "Irish"),
    ("titled", "Dr. S. Best reviewed the case", "S. Best"),
    ("titled", "follow up with Dr. X in two weeks", "X"),
    ("titled", "Mrs. Smith is a 75-year-old", "Smith"),
    ("titled", "with Dr. Marie Okafor today", "Marie Okafor"),
    ("titled", "seen by dr sparks of cardiology", "sparks"),
    ("titled", "decongestant from dr v brown on", "v brown"),
    ("titled", "consultation by dr alice marker because", "alice marker"),
    ("titled", "referred by doctor okafor for", "okafor"),
    ("titled", "referred by dr irish for pain", "irish"),
    ("titled", "mrs smith returns", "smith"),
    ("titled", "mr okafor is a plumber", "okafor"),
    ("titled", "followup with norma dombrowska in town", "norma dombrowska"),
    ("workplace", "a driver for Fed Ex since", "Fed Ex"),
    ("workplace", "third shift at wal-mart now", "wal-mart"),
    ("workplace", "he works for Harmony Music as", "Harmony Music"),
    ("workplace", "retired from the social security administration", "social security administration"),
    ("workplace", "works at Excel on the line", "Excel"),
    ("workplace", "presents to Hazard Hospital for", "Hazard Hospital"),
    ("workplace", "treated at the VA in Wendover", "VA"),
    ("workplace", "an outside hospital (Kaiser) and", "Kaiser"),
    ("workplace", "evaluation at the Mayo Clinic and", "Mayo Clinic"),
    ("workplace", "seen at covert hospital again", "covert hospital"),
    ("workplace", "seen in the st jude's hospital emergency room", "st jude's hospital"),
    ("workplace", "born at community hospital by", "community hospital"),
    ("workplace", "names of his Fairwood Clinic providers", "Fairwood Clinic"),
    ("workplace", "well known to the Keller Plastic Surgery Service", "Keller Plastic Surgery Service"),
    ("workplace", "Okafor's Spine Institute will call", "Okafor's Spine Institute"),
    ("workplace", "records of Brandywyne Rehabilitation", "Brandywyne Rehabilitation"),
    ("workplace", "who presents to danger hospital for surgery", "danger hospital"),
    ("titled", "ms okafor initially denied it", "okafor"),
    ("workplace", "presents to Lacey preoperative holding area", "Lacey"),
]

LOOK_ALIKES = [
    ("date", "pain 4/10 and 8/10"),
    ("date", "in 8/95 patients"),
    ("date", "nodes positive in 3/35"),
    ("date", "scored 8/95 on the test"),
    ("date", "BP 110/90, then 100/64"),
    ("date", "on call 24/7"),
    ("date", "vision 20/40 and 10/50 in the left eye"),
    ("date", "grade 2/6 murmur, strength 5/5"),
    ("date", "Karnofsky 9/90"),
    ("date", "3/4 cup of rice"),
    ("date", "for 6/52 and then 3/12"),
    ("date", "carrier rate of 1/83 in some"),
    ("date", "nodule (5/62), new"),
    ("date", "takes Vytorin 10/40 nightly"),
    ("date", "in 9/36 (25%) of them"),
    ("date", "it may help, which may be so"),
    ("date", "in march fracture of the foot"),
    ("titled", "call Dr. Appointment desk"),
    ("titled", "per dr order, dr appointment at ten"),
    ("titled", "the dr will see you, dr said"),
    ("titled", "severe dr in both eyes"),
    ("titled", "on ms contin with ms exacerbation"),
    ("titled", "mr angiogram and mild mr noted"),
    ("titled", "drinks Dr. Pepper daily"),
    ("titled", "that doctor mentioned swelling"),
    ("titled", "Dr. Brown's bottles"),
    ("titled", "an epstein pearl approximately"),
    ("titled", "the amount of grant funding"),
    ("workplace", "works at home, works for himself"),
    ("workplace", "retired from the Army"),
    ("workplace", "VA 20/40 in the right"),
    ("workplace", "seen at an outside hospital"),
    ("workplace", "taken to the General Hospital floor"),
    ("workplace", "due to recent hospital stay"),
    ("workplace", "to the operating room of the hospital"),
    ("workplace", "Kaiser-Fleischer rings"),
    ("workplace", "known to the Plastic Surgery Service"),
    ("workplace", "the Rural Hospital program, the Village Clinic"),
    ("workplace", "the Parkinson Clinic and Breast Center"),
    ("workplace", "presented to outside hospital with pain"),
    ("workplace", "brought to a local hospital in distress"),
    ("workplace", "admitted to psychiatric hospital twice"),
    ("full_name", "ms allen initially denied that"),
    ("workplace", "seen in the Urology Clinic"),
    ("workplace", "with the Rosen needle in position"),
]


@pytest.mark.parametrize(("recognizer", "text", "surface"), MATCHES)
def test_a_certain_rule_finds_it(recognizer: str, text: str, surface: str) -> None:
    """With a score that no judge outweighs (`llmops.deid.detect.combine`)."""
    assert surface in surfaces(recognizer, text)


@pytest.mark.parametrize(("recognizer", "text"), LOOK_ALIKES)
def test_a_certain_rule_leaves_the_look_alike(recognizer: str, text: str) -> None:
    """What is certain must not be wrong."""
    assert surfaces(recognizer, text) == []


def test_initials_by_which_a_patient_is_introduced_are_found_where_they_act() -> None:
    """``AF`` is a rhythm elsewhere."""
    text = "Patient KW is a 50-year-old man. KW's pain began; KW reports it. KW block. Patient KW, his family"
    starts = [one.start for one in BY_NAME["titled"](View.of(text))]
    assert starts == [8, text.index("KW's"), text.index("KW reports"), text.index("KW, his")]
    assert surfaces("titled", "Patient AF was seen. AF is chronic; AF has converted") == []
