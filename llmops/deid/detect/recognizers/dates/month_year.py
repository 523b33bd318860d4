"""A month with a two-digit year (``CABG 8/95``), distinguished from fractions, scores and doses by context."""

import re
from typing import Final

from llmops.deid.detect.recognizers.rules import PatternRule
from llmops.phi import PhiLabel

_PAIR: Final = r"(?:0?[1-9]|1[0-2])/(?:3[2-9]|[4-9]\d|0\d)"
"""Years 1932 to 2009: later years are possible days of the month."""
_ROUND: Final = frozenset({"36", "40", "42", "45", "48", "50", "60", "63", "64", "70", "72", "75", "80", "90"})
"""Common denominators of scores, doses and counts; these require a time word before them."""
_WEEKS: Final = "/52"
"""``6/52`` often means six weeks."""
_JOINED: Final = re.compile(r"[\w./+#$-]\Z")
_ONWARD: Final = re.compile(r"[\w/]|\.\d|-\d{1,2}(?![/\d])")
_COUNTED: Final = re.compile(
    r"(?i)[ \t]{0,2}(?:%|\([\d.]+ ?%|(?:(?:of|in) (?:the |all )?)?(?:patients?|pts|women|men|cases|children|subjects|"
    r"points?|nodes?|lymph|cores|eyes|samples|specimens|percent|correct|words|items|trials|mm|cm|mg|mcg|ml|cc|kg|lbs?|"
    r"mmhg|units?|tabs?|cups?|inch(?:es)?|hours?|days?|weeks?|months|beats|systolic|diastolic|strength|murmur|pain)\b)"
)
_SCORED: Final = re.compile(
    r"(?i)\b(?:scor\w+|scale|karnofsky|mmse|moca|gaf|apgars?|gcs|quotient|percentile|acuity|vision|snellen|nodes?|grade|"
    r"stage|ratio|pain|bp|pressure|dose\w*|strength|murmur|od|os|ou|lot|ham-?d|phq|apache|oswestry|index|rated|severity|"
    r"correct|respon\w+|mix|insulin|oxygen|peep|rate|risk|odds|chance|frequency|image|slice|page|series)\b"
    r"[^.;\n]{0,24}\Z"
)
_TIME: Final = re.compile(
    r"(?i)\b(?:in|since|early|late|mid|dated|during|week of|month of|beginning of|end of|summer|spring|fall|winter)"
    r"[ \t-]{1,2}\Z"
)
_EVENT: Final = re.compile(
    r"(?i)(?:\b(?:on|from|until|till|by|of|after|before|through|around|approximately|circa|and|to|last|the|an?|cabg|mi|"
    r"cva|tia|dvt|pe|dx'?d?|diagnosed|diagnosis|bx|surgery|mri|mra|cta?|hct|eeg|emg|echo|cxr|pet|dexa|pap|mammo|colo|tah|"
    r"turp|mvr|avr|icd|negative|positive|normal|abnormal|stable|done|performed|placed|removed|repaired|admitted|"
    r"admission|seen|died|onset|resected|excised|started|stopped|stroke|fracture|transplant|bypass|repair|scan|x-?ray|"
    r"chemo|chemotherapy|radiation|xrt|visit|labs|"
    r"[a-z]{3,15}(?:ectomy|ization|plasty|otomy|ostomy|oscopy|"
    r"ogram|graphy|pexy|therapy))\)?[,:]?[ \t]{1,2}\(?|[,;][ \t])\Z"
)
_STUDY: Final = re.compile(
    r"(?i)[ \t]{1,2}(?:brain |chest |head |abdominal |bone |cardiac |follow-?up |repeat )?"
    r"(?:mri|mra|cta?|hct|eeg|emg|echo\w*|x-?rays?|cxr|pet|scan|biopsy|bx|surgery|admission|hospitali[sz]ation|labs|visit|study|"
    r"ultrasound|us|angiogram|cath\w*|colonoscopy|egd|stress test|mammogram|pap|dexa)\b"
)
_BESIDE: Final = re.compile(r"(?<![\d/])" + _PAIR + r"(?:[ \t]{1,2}|,[ \t]?|[ \t]?(?:-|and|to|&)[ \t]?)\Z")
_NEXT: Final = re.compile(r"(?:[ \t]{1,2}|,[ \t]?|[ \t]?(?:-|and|to|&)[ \t]?)" + _PAIR + r"(?![\d/])")
_FAR: Final = 48


def _is_month_and_year(folded: str, start: int, end: int) -> bool:
    before = folded[max(0, start - _FAR) : start]
    beside = _BESIDE.search(before) is not None
    if (_JOINED.search(before) and not beside) or folded.endswith(_WEEKS, start, end):
        return False
    following = _NEXT.match(folded, end) is not None
    if (not following and _ONWARD.match(folded, end)) or _COUNTED.match(folded, end) or _SCORED.search(before):
        return False
    timed, studied = _TIME.search(before) is not None, _STUDY.match(folded, end) is not None
    if folded[start:end].rsplit("/", 1)[1] in _ROUND:
        return timed or studied
    return timed or studied or beside or following or _EVENT.search(before) is not None


_MONTH: Final = "(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_NO_MONTH: Final = re.compile(r"(?i)'s\b| fracture| (?:have|be|also|not|help|cause|need|represent|include)\b")


def _is_spoken_month(folded: str, _start: int, end: int) -> bool:
    """Accept dictated ``in may``; refuse ``in March fracture`` and ``may`` as a verb."""
    return _NO_MONTH.match(folded, end) is None


RULES: Final = (
    PatternRule(r"\b(" + _PAIR + r")\b", PhiLabel.DATE, 0.99, _is_month_and_year),
    PatternRule(
        r"\b(?:in|since|until) (" + _MONTH + r"(?: of (?:19|20)\d\d)?)\b", PhiLabel.DATE, 0.99, _is_spoken_month
    ),
)
