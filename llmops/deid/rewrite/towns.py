"""Keep the parts of places a limited data set may keep, 164.514(e)(2)(ii): town or city, county, state, ZIP code.

A street need not have a number or a street word (``lives on Quarry Hollow``, ``corner of Elm and Pearl``), so a place
is kept only if there is evidence that it is a town.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from llmops.deid.detect.known.index import tokens_of
from llmops.deid.detect.recognizers.places.words import STATE_ABBREVIATIONS, STATE_NAMES
from llmops.deid.folding import fold
from llmops.deid.placeholders import placeholder
from llmops.deid.rewrite.addresses import ends_like_street, is_street, parts_of
from llmops.deid.spans import Span
from llmops.deid.vocabulary.words import KEPT_PLACES, is_plain
from llmops.identities import PostalAddress
from llmops.phi import PhiLabel

_NEAR: Final = 48
"""Context in characters read before and after a place."""
_TOWN_BEFORE: Final = re.compile(
    r"(?i)(?:\b(?:in|from|fr|to|of|near|outside|visit(?:ed|ing|s)?)[ \t\n]|"
    r"(?:\b|_)(?:city|town|hometown|municipality|county|birth ?place|place of birth)[ \t]?:[ \t]?)"
    r"(?:(?:north|south|east|west|downtown|rural|nearby)[ \t])?\Z"
)
_STREET_BEFORE: Final = re.compile(
    r"(?i)(?:\b(?:on|off|along|down|up|(?:corner|end|side|top|foot|block) of)[ \t\n](?:the[ \t])?|\d[ \t])\Z"
)
_ADDRESS_BEFORE: Final = re.compile(r"(?i)\b(?:at|by|addr(?:ess)?|residence|home)[ \t]?:?[ \t\n]{1,3}\Z")
_CROSSING_BEHIND: Final = re.compile(r"[ \t]?(?:&|and|at|@|/|x)[ \t]?\d|[ \t]?[&/@][ \t]?[A-Z]")
_PAIR_BEHIND: Final = re.compile(r"[ \t](?:and|at)[ \t][A-Z]")
_ALSO_WORDS: Final = "AL|CO|CT|DE|HI|ID|IN|LA|MA|MD|ME|MI|MO|MS|MT|OH|OK|OR|PA|PR|SC|VA"
"""State codes that are also words, credentials or titles, unless after a comma or before a ZIP code."""
_STATE: Final = (
    rf"(?:[,^*|][ \t\n]{{0,3}}(?:{STATE_ABBREVIATIONS})\b|,?[ \t\n]{{1,3}}(?i:{STATE_NAMES})\b|"
    rf"[ \t]{{1,3}}(?:{STATE_ABBREVIATIONS})[ \t]{{1,3}}\d{{5}}\b|,?[ \t]{{1,3}}\d{{5}}(?:-\d{{4}})?\b|"
    r"[ \t](?i:county|parish|township)\b(?![ \t](?i:road|rd|route|rte|highway|hwy|line)\b))"
)
_STATE_BEHIND: Final = re.compile(rf"{_STATE}|[ \t]{{1,3}}(?!(?:{_ALSO_WORDS})\b)(?:{STATE_ABBREVIATIONS})\b")
_COUNTRY_BEHIND: Final = re.compile(r",[ \t]([A-Za-z]{4,}(?:[ \t][A-Za-z]{4,})?)")
_ENDS_IN_STATE: Final = re.compile(rf"[ \t](?:(?:{STATE_ABBREVIATIONS})|(?i:{STATE_NAMES}))\Z")
_IS_STATE: Final = re.compile(rf"(?:{STATE_ABBREVIATIONS})|(?i:{STATE_NAMES})")
_COUNTY: Final = re.compile(r"(?i)[a-z'-][ \t](?:county|parish|township|twp|borough)\Z|\A(?:county|town|city) of[ \t]")
_JOINED: Final = re.compile(r"[ \t]{0,4}[,;\n][ \t\n]{0,4}")
_JOINT_BEFORE: Final = re.compile(r"[ \t]{0,4}[,;/|\n][ \t\n]{0,4}\Z")
_LISTED: Final = re.compile(r"[ \t](?:and|or|&|to|then)[ \t]")


@dataclass(slots=True)
class _Part:
    """One name within a place, its position in the text and its classification. PHI."""

    start: int
    end: int
    name: str = field(repr=False)
    is_street: bool
    is_town: bool = False


class Towns:
    """Identify towns among the places of a subject's texts. Holds PHI.

    Args:
        known: addresses of the subject and related people: their cities are towns, their street lines are not.
    """

    def __init__(self, known: Iterable[PostalAddress] = ()) -> None:
        addresses = tuple(known)
        self._cities = {tuple(tokens_of(address.city)) for address in addresses} - {()}
        self._lines = [frozenset(tokens_of(line)) for address in addresses for line in address.lines]

    def left_of(self, text: str, spans: Sequence[Span], field_name: str = "") -> list[str]:
        """Return what is kept of each place: towns, counties and states as they are, placeholders for all else.

        A town is known of the subject, precedes a state, ZIP code or country, follows words that introduce towns, is
        last after a street or organisation, or is shown to be one elsewhere in the same text.

        Args:
            text: the text. PHI.
            spans: all findings in it, disjoint and ordered; places are answered.
            field_name: name of the typed field; a city field holds a town.
        """
        around = fold(f"{field_name}: " if field_name else "") + fold(text)
        shift = len(around) - len(text)
        places = [(span.start, span.end) for span in spans if span.label is PhiLabel.LOC]
        parts = [self._parts(around, start + shift, end + shift) for start, end in places]
        organizations = frozenset(span.end + shift for span in spans if span.label is PhiLabel.ORG)
        self._judge(around, [part for of_place in parts for part in of_place], organizations)
        return [
            _without(text[start:end], start + shift, of_place)
            for (start, end), of_place in zip(places, parts, strict=True)
        ]

    def _parts(self, around: str, start: int, end: int) -> list[_Part]:
        found = []
        for piece, is_name in parts_of(around[start:end]):
            if is_name:
                found.append(_Part(start, start + len(piece), piece, self._is_street(around, start, piece)))
            start += len(piece)
        return found

    def _is_street(self, around: str, start: int, name: str) -> bool:
        words = tuple(tokens_of(name))
        if words in self._cities:
            return False
        is_line = any(line.issuperset(words) for line in self._lines)
        return is_line or is_street(name) or _STREET_BEFORE.search(around, max(0, start - _NEAR), start) is not None

    def _judge(self, around: str, parts: Sequence[_Part], organizations: frozenset[int]) -> None:
        """Classify each part by context, then parts with the same name as a town."""
        for number, part in enumerate(parts):
            if part.is_street or (ends_like_street(part.name) and not self._is_sure(around, part)):
                continue
            before = parts[number - 1] if number else None
            behind = parts[number + 1] if number + 1 < len(parts) else None
            is_last = behind is None or not _JOINED.fullmatch(around, part.end, behind.start)
            part.is_town = (
                self._is_shown(around, part)
                or (
                    before is not None
                    and before.is_town
                    and _LISTED.fullmatch(around, before.end, part.start) is not None
                )
                or (is_last and _is_behind_street(around, before, part))
                or (is_last and _is_behind_organization(around, organizations, part))
            )
        towns = {part.name.lower() for part in parts if part.is_town}
        for part in parts:
            part.is_town = part.is_town or (part.name.lower() in towns and not part.is_street)

    def _is_shown(self, around: str, part: _Part) -> bool:
        """Say whether the context of a name shows that it is a town."""
        if self._is_sure(around, part):
            return True
        before = _TOWN_BEFORE.search(around, max(0, part.start - _NEAR), part.start)
        if before is None or _CROSSING_BEHIND.match(around, part.end):
            return False
        return not (before.group().lower().startswith("near") and _PAIR_BEHIND.match(around, part.end))

    def _is_sure(self, around: str, part: _Part) -> bool:
        """Require more evidence for names that streets share (``Willow Bend``): a known city, a state, a ZIP code."""
        if tuple(tokens_of(part.name)) in self._cities or _COUNTY.search(part.name):
            return True
        if _IS_STATE.fullmatch(part.name) or part.name.lower() in KEPT_PLACES:
            return True
        if ends_like_street(part.name) and _ADDRESS_BEFORE.search(around, max(0, part.start - _NEAR), part.start):
            return False
        country = _COUNTRY_BEHIND.match(around, part.end)
        return (
            _ENDS_IN_STATE.search(part.name) is not None
            or _STATE_BEHIND.match(around, part.end) is not None
            or (country is not None and country.group(1).lower() in KEPT_PLACES)
        )


def _is_behind_street(around: str, before: _Part | None, part: _Part) -> bool:
    return before is not None and before.is_street and _JOINED.fullmatch(around, before.end, part.start) is not None


def _is_behind_organization(around: str, organizations: frozenset[int], part: _Part) -> bool:
    """Accept ``Mercy Clinic, Ojai``; dictionary words may be a shop's street (``CVS, Division``)."""
    joint = _JOINT_BEFORE.search(around, max(0, part.start - _NEAR), part.start)
    is_named = not all(is_plain(word) for word in tokens_of(part.name))
    return is_named and joint is not None and joint.start() in organizations


def _without(place: str, start: int, parts: Sequence[_Part]) -> str:
    """Replace all non-town parts by placeholders; neighbours share one."""
    made, at = [], start
    for part in parts:
        name = place[part.start - start : part.end - start]
        made += [place[at - start : part.start - start], name if part.is_town else placeholder(PhiLabel.LOC)]
        at = part.end
    made.append(place[at - start :])
    return re.sub(r"\[LOC\](?:\s*[,;\n]\s*\[LOC\])+", placeholder(PhiLabel.LOC), "".join(made))
