"""Span tables of the recognizers: what they find, and look-alikes they leave."""

import pytest

from llmops.deid.recognizers import FINDERS
from llmops.deid.spans import View

BY_NAME = dict(FINDERS)
NPI, DEA = "1234567893", "AB1234563"

MATCHES = [
    ("name", "Seen by Dr. Krishnaswamy today", "Krishnaswamy"),
    ("name", "PATIENT: TRAN, HUE THI   MRN: 1", "TRAN, HUE THI"),
    ("name", "Marguerite A. Long, MD", "Marguerite A. Long"),
    ("name", "cc: Osei Boateng DO", "Osei Boateng"),
    ("name", "D: 03/05/24 14:10   T: 03/06/24 07:52   pd/jkl", "pd/jkl"),
    ("name", "his wife Ngozi called", "Ngozi"),
    ("name", "PID|1||5^^^A^MR||KOSKINEN^AINO^L", "KOSKINEN^AINO^L"),
    ("location", "lives at 118 Old Ferry Rd Apt 6", "118 Old Ferry Rd Apt 6"),
    ("location", "mail to PO Box 118", "PO Box 118"),
    ("location", "seen in Wellfleet, MA 02699", "Wellfleet"),
    ("zip", "Hermantown MN 55811", "55811"),
    ("organization", "via Kiamichi Home Health daily", "Kiamichi Home Health"),
    ("organization", "ST. BRENDAN'S HOSPITAL", "ST. BRENDAN'S HOSPITAL"),
    ("date", "on 03/14/24 at", "03/14/24"),
    ("date", "ISO 2024-03-14", "2024-03-14"),
    ("date", "stamp 20240314123000", "20240314123000"),
    ("date", "US 5-Jun c/w", "5-Jun"),
    ("date", "done March 2nd via", "March 2nd"),
    ("date", "until the 14th.", "the 14th"),
    ("date", "from Jan 2024 on", "Jan 2024"),
    ("date", "Echo on 2/28 showed", "2/28"),
    ("date", "D/C 6/5 home", "6/5"),
    ("date", "on Thanksgiving she", "Thanksgiving"),
    ("age", "a 94-year-old woman", "94"),
    ("age", "she is ninety-two and", "ninety-two"),
    ("phone", "call (218) 555-0142", "(218) 555-0142"),
    ("phone", "pgr 4471", "4471"),
    ("phone", "cell 218.555.0116.", "218.555.0116"),
    ("phone", "2O8-555-0l79", "2O8-555-0l79"),
    ("fax", "fax 218-555-0199", "218-555-0199"),
    ("email", "to amy.roe@mail.example", "amy.roe@mail.example"),
    ("url", "see https://a.example/p/1", "https://a.example/p/1"),
    ("ip", "from 10.44.7.213 by", "10.44.7.213"),
    ("ssn", "SSN 900-55-1234", "900-55-1234"),
    ("ssn", "last 4 SSN 6617", "6617"),
    ("mrn", "MRN: 00-41-77-26", "00-41-77-26"),
    ("health_plan", "MBI 3GH7-RK2-PW64", "3GH7-RK2-PW64"),
    ("account", "acct V0099120348", "V0099120348"),
    ("licence", f"id {NPI}", NPI),
    ("licence", f"code {DEA}", DEA),
    ("vehicle", "VIN 1FTFW1EF0BFA90017", "1FTFW1EF0BFA90017"),
    ("vehicle", "plate BXK 4471", "BXK 4471"),
    ("device", "s/n STAR-4K-7719", "STAR-4K-7719"),
    ("biometric", "voice id vp_9917742", "vp_9917742"),
    ("otherid", "Job #884120", "884120"),
    ("otherid", "CSN: 3009918846", "3009918846"),
    ("otherid", r"saved C:\scans\roe_amy.pdf", r"C:\scans\roe_amy.pdf"),
]
LOOK_ALIKES = [
    ("name", "Foley removed, Babinski downgoing"),
    ("name", "Xylocaine 1% used"),
    ("location", "HR 98 RR 18 T 37"),
    ("zip", "WBC 12000 today"),
    ("organization", "home health will visit the clinic"),
    ("date", "sacubitril/valsartan 24/26 BID"),
    ("date", "Rigidity 2/4 R arm"),
    ("date", "BP 178/94"),
    ("date", "strength 5/5 throughout"),
    ("date", "pain 3/10"),
    ("date", "a 34-year-old for two weeks daily"),
    ("date", "T1DM since 1989"),
    ("date", "the 5th rib and 90th percentile"),
    ("age", "a 75 year old woman"),
    ("age", "SpO2 95% HR 98"),
    ("phone", "pH 7.32"),
    ("ip", "at 14:10:05"),
    ("licence", "id 1234567890"),
    ("otherid", "HP:0001250"),
    ("vehicle", "L4-L5 level"),
]


@pytest.mark.parametrize(("recognizer", "text", "surface"), MATCHES)
def test_recognizer_covers_the_surface(recognizer: str, text: str, surface: str) -> None:
    """One find covers the surface from its first to its last character."""
    start = text.index(surface)
    spans = list(BY_NAME[recognizer](View.of(text)))
    assert any(s.start <= start and s.end >= start + len(surface) for s in spans), [
        text[s.start : s.end] for s in spans
    ]


@pytest.mark.parametrize(("recognizer", "text"), LOOK_ALIKES)
def test_recognizer_leaves_the_look_alike(recognizer: str, text: str) -> None:
    """Clinical language that only looks like an identifier stays."""
    assert [text[s.start : s.end] for s in BY_NAME[recognizer](View.of(text))] == []
