"""Medical record numbers, 164.514(b)(2)(i)(H): a code after a record-number label."""

from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.detect.recognizers.shapes import CODE, SEP, TIGHT_CODE, at_least_digits
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

NAME: Final = "mrn"
LABEL: Final = PhiLabel.MRN
RULES: Final = Rules(
    PatternRule(
        r"(?i)\b(?:m\.?\s?r\.?\s?n\.?|mr ?(?:#|no\b\.?|nr\b|number)|med(?:ical)?\.?\s?rec(?:ord)?s?\b\.?|"
        r"mpi|empi|uhid|emrn|unit (?:no|number)|hosp(?:ital)?\s?(?:no|number|id|#)|pt\.?\s?(?:id|no|#)|"
        r"patient\s?(?:id|no|number|#|identifier)|chart\s?(?:no|number|#|id)?|rec(?:ord)?\s?(?:#|no\b|"
        r"number)|crn|pid|dfn|hn|h\.?n\.? no)" + SEP + r"((?-i:" + CODE + r"))",
        PhiLabel.MRN,
        0.95,
        at_least_digits(3),
    ),
    PatternRule(
        r"(?i)\b(?:mrn|m\.r\.n\.|mr ?#|pt\.? ?id|patient id|chart ?#|chart no\.?|hosp(?:ital)? no\.?)"
        + SEP
        + r"("
        + TIGHT_CODE
        + r")\b",
        PhiLabel.MRN,
        0.9,
        at_least_digits(4),
    ),
    PatternRule(r"(?i)\b(?:mrn|chart|sticker)[^\n\d]{0,24}\bends?(?: (?:in|with))? (\d{4})\b", PhiLabel.MRN, 0.85),
    PatternRule(r"\b(?:MRN|MR|chart|Chart|CHART|Record)\s{1,3}(" + CODE + r")", PhiLabel.MRN, 0.8, at_least_digits(4)),
    PatternRule(r"(?:PID\|[^|\n]{0,40}\|[^|\n]{0,40}\|)([A-Za-z0-9-]{3,20})", PhiLabel.MRN, 0.95),
    PatternRule(
        r"\b([A-Za-z0-9-]{3,20})\^{2,4}[A-Za-z0-9_&]{0,30}\^(?:MR|PI|PT|MRN)\b", PhiLabel.MRN, 0.95, at_least_digits(3)
    ),
    PatternRule(r"\b([A-Z]{1,4}\d{5,10}(?:-\d{1,2})?)\b", PhiLabel.MRN, 0.5, at_least_digits(5)),
)


def find(view: View) -> Iterator[Span]:
    """Yield the medical record numbers in a view."""
    return RULES.find(view, NAME)
