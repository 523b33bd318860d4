"""Tells the street part of a place from its town: a limited data set keeps towns and loses streets (164.514(e)(2))."""

import re
from collections.abc import Iterator
from typing import Final

from llmops.deid.folding import fold
from llmops.deid.recognizers.places import STREET_WORDS

_BOX: Final = re.compile(
    r"(?i)\b(?:box|apt|apartment|unit|suite|ste|room|rm|floor|lot|trlr|bldg|building|hwy|highway|route|rte|rr|exit)\b"
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
"""Words of streets that end the names of towns as often: a name without a number that ends so is a town."""

_STREET_ENDING: Final = re.compile(
    r"(?i)\b(?:" + "|".join(word for word in STREET_WORDS.split("|") if word not in _TOWN_ENDINGS) + r")\.?"
    r"(?: (?:n|s|e|w|ne|nw|se|sw|north|south|east|west)\.?)?$"
)
_STREET_BEGINNING: Final = re.compile(r"(?i)^(?:el )?(?:avenida|calle|camino|carrera|rua|rue|via)\b")
_SAINT: Final = re.compile(r"(?i)^st\.? ")


def is_street(part: str) -> bool:
    """Say whether a place is finer than a town: holds a digit, a box or unit, or ends or begins with a word of streets.

    Args:
        part: a place without commas, as written. PHI.
    """
    folded = fold(part).strip()
    if any(c.isdigit() for c in folded) or _BOX.search(folded):
        return True
    return _STREET_BEGINNING.search(folded) is not None or _STREET_ENDING.search(_SAINT.sub("", folded)) is not None


def parts_of(place: str) -> Iterator[tuple[str, bool]]:
    """Cut a place at commas and line ends: each piece, and whether it is a name and not what stands between."""
    for piece in re.split(r"(\s*[,;\n]\s*)", place):
        if piece:
            yield piece, any(c.isalnum() for c in piece)
