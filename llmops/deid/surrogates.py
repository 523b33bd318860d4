"""Realistic stand-ins, drawn with a keyed seed so that one subject always gets the same ones."""

import hashlib
import re
from collections.abc import Sequence
from typing import Final

from llmops.deid.vocabulary.stand_ins import CITIES, FAMILY_NAMES, GIVEN_NAMES, ORGANIZATIONS, STREETS
from llmops.documents import Identity
from llmops.phi import PhiLabel

_WORD: Final = re.compile(r"[^\W\d_]+")
_ORGANIZATION_KINDS: Final = (
    "hospital", "clinic", "medical center", "school", "church", "pharmacy", "nursing home", "laboratory", "university",
)  # fmt: skip


class Surrogates:
    """Stand-ins of one subject: the same surface (case folded) always gives the same stand-in. Holds PHI.

    Args:
        seed: keyed digest of the subject; not derived from anything about the individual under Safe Harbor.
        known: the subject's identities, whose names are never used as stand-ins. PHI.
    """

    def __init__(self, seed: bytes, known: Sequence[Identity]) -> None:
        self._seed = seed
        self._taken = frozenset(
            word.lower()
            for identity in known
            for name in identity.names
            for part in (name.family, *name.given, name.text)
            for word in _WORD.findall(part)
        )

    def stand_in(self, label: PhiLabel, surface: str) -> str:
        """Give a stand-in in the shape of the surface, or ``""`` where none is safe."""
        if label is PhiLabel.NAME:
            return self._name(surface)
        if label is PhiLabel.LOC:
            return self._place(surface)
        if label is PhiLabel.ORG:
            return self._organization(surface)
        if label in {PhiLabel.PHONE, PhiLabel.FAX}:
            return self._phone(surface)
        if label is PhiLabel.EMAIL:
            user = self._pick("mail", surface, self._free(GIVEN_NAMES)).lower()
            return f"{user}{self._number('mail', surface, 1000)}@mail.example"
        if label in {PhiLabel.SSN, PhiLabel.URL, PhiLabel.IP, PhiLabel.BIOMETRIC, PhiLabel.PHOTO}:
            return ""
        return self._shaped(surface)

    def _name(self, surface: str) -> str:
        words = _WORD.findall(surface)
        families = self._free(FAMILY_NAMES)
        givens = self._free(GIVEN_NAMES)
        family_first = "," in surface
        made = surface
        for number, word in enumerate(words):
            is_family = number == 0 if family_first else number == len(words) - 1
            pool = families if (is_family and len(words) > 1) or len(words) == 1 else givens
            new = _cased(word, self._pick("name", word.lower(), pool))
            made = re.sub(rf"(?<![^\W\d_]){re.escape(word)}(?![^\W\d_])", new, made, count=1)
        return made

    def _place(self, surface: str) -> str:
        street = re.match(r"\s*\d+", surface)
        if street:
            number = self._number("house", surface.lower(), 8999) + 1000
            return f"{number} {self._pick('street', surface.lower(), STREETS)}"
        return _cased(surface, self._pick("city", surface.lower(), CITIES))

    def _organization(self, surface: str) -> str:
        low = surface.lower()
        kind = next((kind for kind in _ORGANIZATION_KINDS if kind in low), "clinic")
        return _cased(surface, f"{self._pick('org', low, ORGANIZATIONS)} {kind.title()}")

    def _phone(self, surface: str) -> str:
        """Use 555-0100 to 555-0199, which are kept free for fiction."""
        digits = [c for c in surface if c.isdigit()]
        if len(digits) < 7:
            return self._shaped(surface)
        fiction = f"55501{self._number('phone', ''.join(digits[-7:]), 100):02}"
        stand_in = list(
            "".join(str(self._number(f"area{i}", surface, 8) + 2) for i in range(len(digits) - 7)) + fiction
        )
        return "".join(stand_in.pop(0) if c.isdigit() else c for c in surface)

    def _shaped(self, surface: str) -> str:
        """Replace digit by digit and letter by letter; a stand-in never equals its surface."""
        digest = self._digest("shape", surface.lower())
        made = []
        for number, character in enumerate(surface):
            value = digest[number % len(digest)] + number
            if character.isdigit():
                made.append(str((int(character) + 1 + value % 9) % 10))
            elif character.isascii() and character.isalpha():
                base = ord("A") if character.isupper() else ord("a")
                made.append(chr(base + (ord(character) - base + 1 + value % 25) % 26))
            else:
                made.append("x" if character.isalpha() else character)
        return "".join(made)

    def _free(self, pool: Sequence[str]) -> Sequence[str]:
        return [name for name in pool if name.lower() not in self._taken]

    def _pick(self, purpose: str, surface: str, pool: Sequence[str]) -> str:
        different = [name for name in pool if name.lower() not in surface.lower()]
        return different[int.from_bytes(self._digest(purpose, surface)[:8], "big") % len(different)]

    def _number(self, purpose: str, surface: str, below: int) -> int:
        return int.from_bytes(self._digest(purpose, surface)[:8], "big") % below

    def _digest(self, purpose: str, surface: str) -> bytes:
        return hashlib.blake2b(f"{purpose}\0{surface}".encode(), key=self._seed[:64]).digest()


def _cased(old: str, new: str) -> str:
    if len(old) == 1:
        return new[:1].upper() if old.isupper() else new[:1].lower()
    if old.isupper():
        return new.upper()
    return new.lower() if old.islower() else new
