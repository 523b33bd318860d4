"""Realistic surrogates, drawn with a keyed seed: one subject gets the same ones in every format.

A surrogate is never a word or number known of the subject, never a number or full name that the vault knows of anyone,
and never a number that could be in use: no Social Security number of an issued area, no NPI or DEA number with a valid
check digit, no telephone number outside 555-0100 to 555-0199.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from llmops.deid.detect.known.index import tokens_of
from llmops.deid.folding import fold
from llmops.deid.rewrite.addresses import is_street, parts_of
from llmops.deid.rewrite.check_digits import spoiled
from llmops.deid.rewrite.keyed_random import KeyedRandom
from llmops.deid.rewrite.people import People
from llmops.deid.vocabulary.stand_ins import CITIES, ORGANIZATIONS, STREETS
from llmops.identities import Identity
from llmops.phi import PhiLabel

InUse = Callable[[PhiLabel, str], bool]
"""Says whether the vault knows an identifier of any patient."""

_ORGANIZATION_KINDS: Final = (
    "hospital", "clinic", "medical center", "home health", "nursing home", "family practice", "medical group",
    "hospice", "laboratory", "pharmacy", "radiology", "imaging", "dialysis", "rehabilitation", "high school",
    "elementary school", "school", "university", "college", "church", "bank", "farm", "restaurant",
    "health plan", "center",
)  # fmt: skip
_EXTENSION: Final = re.compile(r"(?i)[ ,]*(?:x|ext\.?|extension|#)[ .:]*\d{1,6}\s*$")
_TRIES: Final = 16
_NUMBERS: Final = frozenset(
    {PhiLabel.MRN, PhiLabel.PLAN, PhiLabel.ACCT, PhiLabel.LICENSE, PhiLabel.OTHERID, PhiLabel.DEVICE, PhiLabel.VEHICLE}
)


class Surrogates:
    """Surrogates of one subject: a surface always gives the same surrogate, however written. Holds PHI.

    Args:
        seed: keyed digest of the subject; under Safe Harbor not derived from information about the individual.
        known: the subject's identities, never used as surrogates. PHI.
        in_use: asks the vault whether an identifier is in use; None without a vault.
    """

    def __init__(self, seed: bytes, known: Sequence[Identity], in_use: InUse | None = None) -> None:
        self._draw = KeyedRandom(seed)
        self._people = People(self._draw, known)
        self._in_use = in_use
        self._taken = frozenset(_words_of(known))
        self._numbers = frozenset(_numbers_of(known))

    def stand_in(self, label: PhiLabel, surface: str) -> str:
        """Return a surrogate in the form of the surface, or ``""`` if none is safe (the caller then redacts)."""
        makers: dict[PhiLabel, Callable[[str], str]] = {
            PhiLabel.NAME: self._name,
            PhiLabel.LOC: self._place,
            PhiLabel.ORG: self._organization,
            PhiLabel.PHONE: self._phone,
            PhiLabel.FAX: self._phone,
            PhiLabel.EMAIL: self._email,
            PhiLabel.SSN: self._ssn,
            PhiLabel.IP: self._address,
            PhiLabel.BIOMETRIC: self._code,
        }
        if label in _NUMBERS:
            return self._identifier(label, surface)
        maker = makers.get(label)
        made = maker(surface) if maker is not None else ""
        return made if made and made.lower() != surface.lower() else ""

    def _name(self, surface: str) -> str:
        """Return a name, or none if the full name is another patient's."""
        made = self._people.name(surface)
        return "" if self._in_use is not None and self._in_use(PhiLabel.NAME, made) else made

    def _place(self, surface: str) -> str:
        """Replace street and town separately, so that a town gets the same surrogate alone and in an address."""
        return "".join(self._part(part) if is_name else part for part, is_name in parts_of(surface))

    def _part(self, part: str) -> str:
        key = " ".join(tokens_of(part))
        if is_street(part):
            number = self._draw.number("house", key, 8999) + 1000
            return cased(part, f"{number} {self._draw.pick('street', key, STREETS)}")
        return cased(part, self._draw.pick("city", key, self._free(CITIES, key)))

    def _organization(self, surface: str) -> str:
        key = " ".join(tokens_of(surface))
        kind = next((kind for kind in _ORGANIZATION_KINDS if kind in key), "clinic")
        return cased(surface, f"{self._draw.pick('org', key, self._free(ORGANIZATIONS, key))} {kind.title()}")

    def _phone(self, surface: str) -> str:
        """Use 555-0100 to 555-0199, reserved for fiction; replace an extension digit by digit."""
        extension = _EXTENSION.search(fold(surface))
        stop = extension.start() if extension else len(surface)
        digits = "".join(c for c in fold(surface[:stop]) if c.isdigit())
        if len(digits) < 7:
            return self._draw.digits(surface)
        fiction = f"55501{self._draw.number('phone', digits[-7:], 100):02}"
        area = "".join(str(self._draw.number(f"area{i}", digits[-10:], 8) + 2) for i in range(min(3, len(digits) - 7)))
        country = digits[: len(digits) - 7 - len(area)]
        made = iter(country + area + fiction)
        return "".join(next(made) if c.isdigit() else c for c in surface[:stop]) + self._draw.digits(surface[stop:])

    def _email(self, surface: str) -> str:
        key = surface.strip().lower()
        return f"{self._people.login(key)}{self._draw.number('mail', key, 1000)}@mail.example"

    def _ssn(self, surface: str) -> str:
        """Use area 9xx, group 00, where neither SSN nor ITIN was ever issued; any digits for the last four alone."""
        digits = "".join(c for c in fold(surface) if c.isdigit())
        if len(digits) != 9:
            return self._code(surface)
        made = iter(
            f"9{self._draw.number('area', digits, 90) + 10}00{self._draw.number('serial', digits, 9999) + 1:04}"
        )
        return "".join(next(made) if c.isdigit() else c for c in surface)

    def _address(self, surface: str) -> str:
        """Use the networks reserved for documentation (RFC 5737, RFC 3849)."""
        if ":" in surface:
            return f"2001:db8::{self._draw.number('ip', surface.lower(), 0xFFFF):x}"
        return f"192.0.2.{self._draw.number('ip', surface.lower(), 254) + 1}"

    def _code(self, surface: str) -> str:
        return self._draw.shaped(surface, 0)

    def _identifier(self, label: PhiLabel, surface: str) -> str:
        """Draw until unused, with invalid check digits for licences and cards; all-zero numbers have no surrogate."""
        for attempt in range(_TRIES):
            made = spoiled(self._draw.shaped(surface, attempt))
            bare = "".join(tokens_of(made)).lstrip("0")
            ours = any(number in bare or bare in number for number in self._numbers) if len(bare) > 4 else False
            if made != surface and not ours and not (self._in_use is not None and self._in_use(label, made)):
                return made
        return ""

    def _free(self, pool: Sequence[str], key: str) -> Sequence[str]:
        unsaid = [name for name in pool if not self._taken.intersection(tokens_of(name)) and name.lower() not in key]
        return unsaid or [name for name in pool if name.lower() not in key]


def cased(old: str, new: str) -> str:
    """Copy the case of ``old`` to ``new`` if it is all capitals or all lower case."""
    if old.isupper():
        return new.upper()
    return new.lower() if old.islower() else new


def _words_of(known: Sequence[Identity]) -> list[str]:
    texts = [part for i in known for n in i.names for part in (n.family, *n.given, n.text)]
    texts += [part for i in known for a in i.addresses for part in (a.city, *a.lines)]
    return [token for text in texts for token in tokens_of(text)]


def _numbers_of(known: Sequence[Identity]) -> list[str]:
    values = [one.value for i in known for one in (*i.subject, *i.identifiers)] + [p for i in known for p in i.phones]
    bare = ["".join(tokens_of(value)).lstrip("0") for value in values]
    return [number for number in bare if len(number) > 4]
