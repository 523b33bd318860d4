"""Separate the street part of a place from its town: a limited data set keeps towns only (164.514(e)(2))."""

import re
from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.places.words import STREET_WORDS
from llmops.deid.folding import fold

_BOX: Final = re.compile(
    r"(?i)\b(?:box|apt|apartment|unit|suite|ste|room|rm|floor|lot|trlr|bldg|building|hwy|highway|route|rte|rr|exit|"
    r"broadway|apartments|apts|condos|condominiums|estates|towers|complex|subdivision|trailer park|mobile home park)\b"
)
_TOWN_ENDINGS: Final = frozenset(
    (
        "creek",
        "point",
        "hill",
        "view",
        "grove",
        "green",
        "ridge",
        "hollow",
        "bend",
        "cove",
        "crossing",
        "gardens",
        "walk",
    )
)
"""Street words that also end town names, so the name is ambiguous."""

_STREET_ENDING: Final = re.compile(
    r"(?i)\b(?:" + "|".join(word for word in STREET_WORDS.split("|") if word not in _TOWN_ENDINGS) + r")\.?"
    r"(?: (?:n|s|e|w|ne|nw|se|sw|north|south|east|west)\.?)?$"
)
_EITHER_ENDING: Final = re.compile(r"(?i)\w[ \t](?:" + "|".join(sorted(_TOWN_ENDINGS)) + r")\.?\Z")
_STREET_BEGINNING: Final = re.compile(r"(?i)^(?:el )?(?:avenida|calle|camino|carrera|rua|rue|via)\b")
_BETWEEN: Final = re.compile(r"(\s*[,;\n]\s*|\s(?:in|near|off|at|and|&)\s)")
_SAINT: Final = re.compile(r"(?i)^st\.? ")


def is_street(part: str) -> bool:
    """Say whether a place is finer than a town: contains a digit, box or unit, or begins or ends with a street word.

    Args:
        part: a place without commas, as written. PHI.
    """
    folded = fold(part).strip()
    if any(c.isdigit() for c in folded) or _BOX.search(folded):
        return True
    return _STREET_BEGINNING.search(folded) is not None or _STREET_ENDING.search(_SAINT.sub("", folded)) is not None


def ends_like_street(part: str) -> bool:
    """Say whether an ambiguous name ends like a street (``Willow Bend``); towns do so too."""
    return _EITHER_ENDING.search(fold(part).strip()) is not None


def parts_of(place: str) -> Iterator[tuple[str, bool]]:
    """Split a place at commas, line ends and small words into pieces, each with whether it is a name, not a separator.

    Args:
        place: a place as written. PHI.
    """
    for number, piece in enumerate(_BETWEEN.split(place)):
        if piece:
            yield piece, number % 2 == 0 and any(c.isalnum() for c in piece)
