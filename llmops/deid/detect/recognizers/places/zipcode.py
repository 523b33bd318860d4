"""ZIP codes, 164.514(b)(2)(i)(B): five or nine digits after a state or a cue word."""

import re
from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.places.words import STATE_ABBREVIATIONS as _STATES
from llmops.deid.detect.recognizers.places.words import STATE_NAMES as _STATE_NAMES
from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.spans import Span, View
from llmops.deid.vocabulary.words import is_plain
from llmops.phi import PhiLabel

NAME: Final = "zip"
LABEL: Final = PhiLabel.ZIP


def _is_behind_place(folded: str, start: int, _end: int) -> bool:
    """Accept five digits after a non-dictionary word (``Ganado 86505``)."""
    words = re.findall(r"[A-Za-z~]+", folded[max(0, start - 24) : start])
    joined = re.search(r"[A-Za-z~],?[ \t]{1,2}\Z", folded[max(0, start - 24) : start])
    return bool(joined) and len(words[-1]) > 3 and words[-1][0].isupper() and not is_plain(words[-1])


def _is_no_loinc(folded: str, _start: int, end: int) -> bool:
    """Refuse an HL7 observation code after its type, TX for text (``OBX|4|TX|13457-7^LDL``)."""
    return re.match(r"-\d(?!\d)|&", folded[end : end + 3]) is None


RULES: Final = Rules(
    PatternRule(r"(?i)\b(?:zip|zipcode|zip code|postal code)\b\s?[:#]?\s{0,3}(\d{5}(?:-\d{4})?)\b", PhiLabel.ZIP, 0.95),
    PatternRule(r"\b(?:" + _STATES + r")\.?,?[ \t|^*]{1,4}(\d{5}(?:-\d{4})?)\b", PhiLabel.ZIP, 0.92, _is_no_loinc),
    PatternRule(r"(?i)\b(?:" + _STATE_NAMES + r")\.?,?[ \t|^]{1,4}(\d{5}(?:-\d{4})?)\b", PhiLabel.ZIP, 0.92),
    PatternRule(r"(?i)\b(?:tx|fl|ny|nj|tn|nm|az|nc|wv|mn|wi|ca|ga|il|pa|wa),? (\d{5}(?:-\d{4})?)\b", PhiLabel.ZIP, 0.8),
    PatternRule(r"\b(\d{5}(?:-\d{4})?)\b", PhiLabel.ZIP, 0.5, _is_behind_place),
    PatternRule(r"(?i)\b[a-z]{3,}, ?(\d{5}(?:-\d{4})?)\b", PhiLabel.ZIP, 0.45),
    PatternRule(r"\b([A-Z]{1,2}\d[A-Z0-9]? ?\d[A-Z]{2})\b", PhiLabel.ZIP, 0.6),
    PatternRule(r"\b([A-CEGHJ-NPR-TVXY]\d[A-Z] \d[A-Z]\d)\b", PhiLabel.ZIP, 0.75),
    PatternRule(r"\b([A-CEGHJ-NPR-TVXY]\d[A-Z]\d[A-Z]\d)\b", PhiLabel.ZIP, 0.4),
)


def find(view: View) -> Iterator[Span]:
    """Yield the ZIP codes in a view."""
    return RULES.find(view, NAME)
