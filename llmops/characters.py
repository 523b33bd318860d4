"""Define invisible or ambiguous text: HTML references, ignorable characters, stray marks, narrow spaces.

Each can split a number or name so that no pattern finds it. Normalisation removes them; de-identification, which also
reads unnormalised text, skips them.
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
"""Inside of a character class: characters that Unicode renders as nothing."""

MARKS: Final = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
"""Inside of a character class: accents, strokes and frames, which follow their base character."""

STRAY_MARKS: Final = re.compile(rf"(?<![^\W\d_])(?<![{MARKS}])[{MARKS}]+")
"""Marks on a digit, dash or blank, such as a keycap frame; the base means the same without them."""

NARROW: Final = re.compile("[\u2006\u2008-\u200a\u202f\u205f\u2800]")
"""A space too narrow to separate two words, or the blank of Braille."""

SPACED: Final = re.compile(
    rf"(?<!\w)(?:[^\s\u2800](?:{NARROW.pattern}[^\s\u2800]){{3,}}|\d(?:{NARROW.pattern}\d)+)(?!\w)"
)
"""Single characters separated by narrow spaces, as in letter-spaced print: one word or number."""

# An ampersand may be escaped repeatedly (``&amp;amp;#45;``).
REFERENCE: Final = re.compile(
    r"&((?:amp;|#0{0,4}38;|#x0{0,4}26;)*)(?:([a-z][a-z0-9]{1,31});|(#[0-9]{1,7}(?![0-9])|#x[0-9a-f]{1,6}(?![0-9a-f]));?)",
    re.IGNORECASE,
)
"""An HTML character reference: by name with semicolon, or numeric with or without."""

INLINE_TAGS: Final = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "dfn", "em", "font", "i", "kbd", "mark"}
    | {"o:p", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr"}
)
"""HTML elements used inside words as well as between them; not ``<DEL>`` and ``<INS>``, which are alleles."""


def referenced(match: re.Match[str]) -> str:
    """Return the character of a `REFERENCE` match, as browsers read it; the match itself if unknown.

    Two-letter names count only if HTML 4 has them, and numbers without semicolon only for a visible character: people
    write ``am&pm;``, ``labs&rx;``, ``plan for #1&#2`` and ``teeth #31&#32``.
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
    """Return a match of `SPACED` without its spaces."""
    return NARROW.sub("", match.group())
