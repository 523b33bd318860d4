"""Derive a note's document kind and LOINC code from the words of its title."""

import re
from typing import Final

from llmops.documents import Kind

_RADIOLOGY: Final = (
    r"radiology|diagnostic imaging|imaging report|x-?ray|ultrasound|exam: ?(?:ct|mr|mri|us|xr)"
    r"|(?:ct|mri|mr|pet|us|cxr) (?:of |head|chest|abd\w*|thyroid|brain"
    r"|spine|pelvis|neck|angio\w*|[lct]-spine|knee|report|scan)"
)
_KINDS: Final = tuple(
    (re.compile(rf"\b(?:{words})\b", re.IGNORECASE), kind, code)
    for words, kind, code in (
        (r"discharge summ?ary|discharge note", Kind.NOTE, "18842-5"),
        (r"operative (?:report|note)|op note|procedure in detail", Kind.REPORT, "11504-8"),
        (r"surgical pathology|pathology (?:report|consultation)|cytology|histopathology", Kind.REPORT, "11526-1"),
        (
            r"genetic(?:s)? (?:report|test|letter|consult\w*|counsel\w*)|molecular (?:report|diagnostics?)",
            Kind.REPORT,
            "51969-4",
        ),
        (r"autopsy", Kind.REPORT, "18743-5"),
        (r"echocardiogra(?:m|phy)|echo report", Kind.REPORT, "42148-7"),
        (r"electrocardiogram|ecg|ekg", Kind.REPORT, "11524-6"),
        (r"electroencephalogra\w*|eeg", Kind.REPORT, "11523-8"),
        (r"cardiac cath\w*|catheteri[sz]ation", Kind.REPORT, "18745-0"),
        (r"mammogra(?:m|phy)|breast imaging|breast center", Kind.REPORT, "24606-6"),
        (
            _RADIOLOGY,
            Kind.REPORT,
            "18748-4",
        ),
        (r"laboratory report|lab report|microbiology", Kind.REPORT, "11502-2"),
        (r"history and physical|h ?& ?p|admission note|admit (?:note|h&p)", Kind.NOTE, "34117-2"),
        (r"emergency (?:department|room)|ed (?:note|provider note|physician note)", Kind.NOTE, "34111-5"),
        (r"consult(?:ation)?(?: note| report)?", Kind.NOTE, "11488-4"),
        (r"transfer (?:note|summary)", Kind.NOTE, "18761-7"),
        (r"nursing|nurse'?s? note|rn note", Kind.NOTE, "34746-8"),
        (r"telephone|phone (?:call|encounter|note)", Kind.NOTE, "34748-4"),
        (r"referral (?:note|letter|form)", Kind.NOTE, "57133-1"),
        (r"procedure (?:note|report)", Kind.NOTE, "28570-0"),
        (r"progress note|soap note|clinic note|follow-?up (?:note|visit)|office visit", Kind.NOTE, "11506-3"),
    )
)
_TITLE_LINES: Final = 5
_MAX_TITLE: Final = 100


def guess_kind(title: str) -> tuple[Kind, str]:
    """Return kind and LOINC document code from a note's title or kind column; a plain note by default.

    Args:
        title: title, heading line or kind column. PHI possible.
    """
    for pattern, kind, code in _KINDS:
        if pattern.search(title):
            return kind, code
    return Kind.NOTE, ""


def find_title(text: str) -> str:
    """Return the title line of a note's head, or empty. PHI: it may name a facility or a patient.

    Args:
        text: cleaned text. PHI.
    """
    lines = [line.strip(" #*_=-\t") for line in text[:2000].split("\n") if line.strip(" #*_=-\t")][:_TITLE_LINES]
    for line in lines:
        if (
            len(line) <= _MAX_TITLE
            and not line.endswith((".", ",", ";", ":"))
            and any(pattern.search(line) for pattern, _, _ in _KINDS)
        ):
            return line
    first = lines[0] if lines else ""
    return first if 0 < len(first) <= _MAX_TITLE and ":" not in first and not first.endswith(".") else ""
