"""What a reader does not see in written text, or sees as another character: HTML references, marks that change nothing.

Each of these can split a number or a name so that no pattern finds it. Normalisation removes them; de-identification,
which also reads text that nobody normalised, looks through them.
"""

import html
import re
from html.entities import html5, name2codepoint
from typing import Final

# Unicode's Default_Ignorable_Code_Point: soft hyphen, zero widths, bidi controls, variation selectors, fillers, tags.
IGNORABLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Inside of a character class: what Unicode says to show as nothing."""

MARKS: Final = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
"""Inside of a character class: accents, strokes and frames, which stand behind what they are on."""

STRAY_MARKS: Final = re.compile(rf"(?<![^\W\d_])(?<![{MARKS}])[{MARKS}]+")
"""Marks on a digit, dash or blank, such as the frame of a keycap: these say the same without."""

NARROW: Final = re.compile("[\u2006\u2008-\u200a\u202f\u205f\u2800]")
"""A space too narrow to part two words, or the blank of Braille."""

SPACED: Final = re.compile(
    rf"(?<!\w)(?:[^\s\u2800](?:{NARROW.pattern}[^\s\u2800]){{3,}}|\d(?:{NARROW.pattern}\d)+)(?!\w)"
)
"""Characters that each stand apart by a narrow space, as letter-spaced print has it: one word or number."""

# An ampersand may have been escaped again and again (``&amp;amp;#45;``).
REFERENCE: Final = re.compile(
    r"&((?:amp;|#0{0,4}38;|#x0{0,4}26;)*)(?:([a-z][a-z0-9]{1,31});|(#[0-9]{1,7}(?![0-9])|#x[0-9a-f]{1,6}(?![0-9a-f]));?)",
    re.IGNORECASE,
)
"""A character reference of HTML: by name, with its semicolon, or numeric, with or without."""

INLINE_TAGS: Final = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "dfn", "em", "font", "i", "kbd", "mark"}
    | {"o:p", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr"}
)
"""HTML elements that stand inside a word as well as between two; not ``<DEL>`` and ``<INS>``, which are alleles."""


def referenced(match: re.Match[str]) -> str:
    """What a match of `REFERENCE` stands for, as every browser reads it; itself where no such character is known.

    A name of two letters is believed where HTML 4 has it, and a number without its semicolon where it is that of a
    character to be seen: ``am&pm;``, ``labs&rx;``, ``plan for #1&#2`` and ``teeth #31&#32`` are written by people.
    """
    escaped, name, number = match.groups()
    if number:
        character = html.unescape(f"&{number};")
        return character if match.group().endswith(";") or character > " " else f"&{number}"
    known = len(name) > 2 or name in name2codepoint or name in {"GT", "LT"}
    if known and f"{name};" in html5:
        return html5[f"{name};"]
    return f"&{name};" if escaped else match.group()


def unspaced(match: re.Match[str]) -> str:
    """What a match of `SPACED` says: without its spaces."""
    return NARROW.sub("", match.group())
