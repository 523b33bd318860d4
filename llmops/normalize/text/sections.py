"""Find the sections of free text by headings; names come from a closed table only, never from the text."""

import re
from collections.abc import Iterator
from typing import Final

from llmops.documents import Section
from llmops.normalize.text.section_names import OTHER, section_name, section_name_for_code

__all__ = ["OTHER", "PREAMBLE", "WHOLE", "find_sections", "section_name", "section_name_for_code"]

PREAMBLE: Final = "preamble"
"""Name of the part before the first heading: letterhead, patient block, title."""

WHOLE: Final = "body"
"""Name of the only section of a text without headings."""

_MAX_HEADING: Final = 70
_LINE: Final = re.compile(r"[^\n]+")
_MARK: Final = re.compile(r"(#{1,6}[ \t]+|\*\*|__|[0-9]{1,2}[.)][ \t]+|[-*=_]{2,}[ \t]*)?")
_LABEL: Final = re.compile(r"[A-Za-z][A-Za-z0-9 /&,()'\-]{0,69}")
# Headings inside a line are searched only where reports commonly run them together.
_INLINE: Final = re.compile(
    r"(?<=[.;!?\])] )(?:Findings|FINDINGS|Impression|IMPRESSION|Conclusion|CONCLUSION|Technique|TECHNIQUE"
    r"|Comparison|COMPARISON|Indication|INDICATION|Assessment|ASSESSMENT|Plan|PLAN|Assessment and Plan"
    r"|Recommendations?|RECOMMENDATIONS?|Clinical History|CLINICAL HISTORY|Subjective|SUBJECTIVE"
    r"|Objective|OBJECTIVE|Allergies|ALLERGIES|Medications|MEDICATIONS)"
    r"(?=:)"
)
# One- and two-letter synonyms ("A:", "P:", "SH:") are headings only with a colon directly after them.
_SHORT: Final = 3
_LONGEST_MARK: Final = 8
_MAX_WORDS: Final = 8
_MIN_CAPITALS: Final = 4


def find_sections(text: str) -> tuple[Section, ...]:
    """Divide a text into sections that cover it in order without overlap.

    Recognised: ``HISTORY OF PRESENT ILLNESS:``, ``Assessment/Plan:``, Markdown ``#``, lines in capitals, a known
    heading alone on its line, and ``Findings:`` inside a line. A heading not in the table is named ``"other"``, since
    its words may be a patient's name; an unknown heading at the start of the text belongs to the preamble.

    Args:
        text: cleaned text. PHI.
    """
    starts = list(_headings(text))
    if not text:
        return ()
    if not starts:
        return (Section(start=0, end=len(text), name=WHOLE),)
    if starts[0][1] == OTHER or starts[0][0] > 0:
        starts[0:1] = [(0, PREAMBLE, "")] if starts[0][0] == 0 else [(0, PREAMBLE, ""), starts[0]]
    ends = [start for start, _, _ in starts[1:]] + [len(text)]
    return tuple(
        Section(start=start, end=end, name=name, code=code)
        for (start, name, code), end in zip(starts, ends, strict=True)
    )


def _headings(text: str) -> Iterator[tuple[int, str, str]]:
    blank_before = True
    previous_end = 0
    for line in _LINE.finditer(text):
        blank_before = line.start() == 0 or line.start() - previous_end > 1 or blank_before
        named = _line_heading(line.group(), after_blank=blank_before)
        if named is not None:
            yield (line.start(), *named)
        # "2. Findings:" was already read as the line's own heading.
        own = line.start() + _LONGEST_MARK if named is not None else line.start()
        for inline in _INLINE.finditer(text, own, line.end()):
            yield (inline.start(), *section_name(inline.group()))
        blank_before = line.group().isspace()
        previous_end = line.end()


def _line_heading(line: str, *, after_blank: bool) -> tuple[str, str] | None:
    """Return the section that a line opens, if any."""
    content = line.strip()
    mark = _MARK.match(content)
    marked = mark is not None and mark.group().startswith("#")
    content = content[mark.end() :] if mark is not None else content
    label = _LABEL.match(content)
    if label is None:
        return None
    rest = content[label.end() :].strip("*_#=- \t")
    name = label.group().strip()
    if rest == "" or rest.startswith(":"):
        known = section_name(name)
        if known[0] != OTHER and _reads_as_heading(name, colon=rest.startswith(":"), marked=marked):
            return known
    if len(content) <= _MAX_HEADING and _is_unknown_heading(content, marked=marked, after_blank=after_blank):
        return (OTHER, "")
    return None


def _reads_as_heading(name: str, *, colon: bool, marked: bool) -> bool:
    if marked or colon:
        return len(name) > _SHORT or name.isupper()
    return len(name) > _SHORT and name[0].isupper()


def _is_unknown_heading(content: str, *, marked: bool, after_blank: bool) -> bool:
    """Say whether a short line not in the table still opens a section of its own."""
    words = content.split()
    if len(words) > _MAX_WORDS or any(c.isdigit() for c in content):
        return False
    if marked:
        return not content.endswith(".")
    alone = ":" not in content.rstrip(":*_ ")
    letters = [c for c in content if c.isalpha()]
    return (
        alone
        and after_blank
        and len(letters) >= _MIN_CAPITALS
        and content.upper() == content
        and content[-1] not in ".,;"
    )
