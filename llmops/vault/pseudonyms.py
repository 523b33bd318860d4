"""Pseudonym and date offset of a subject: drawn once, stored sealed, the same in every format."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import orjson

RandomBytes: TypeAlias = Callable[[int], bytes]

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PSEUDONYM: Final = re.compile(f"S-[{_CROCKFORD}]{{16}}")
_PSEUDONYM_BYTES: Final = 10
_SEED_BYTES: Final = 32
_MOST_DAYS: Final = 364


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A subject's pseudonym, date offset and surrogate seed.

    Args:
        pseudonym: ``"S-"`` and 16 characters of Crockford base32.
        date_offset_days: from -364 to 364, never 0; a multiple of 7 if the vault keeps weekdays.
        seed: seed of the surrogates.
    """

    pseudonym: str
    date_offset_days: int = field(repr=False)
    seed: bytes = field(repr=False)


def draw_alias(rng: RandomBytes, derived: bytes | None = None, *, keep_weekday: bool = False) -> Alias:
    """Draw the alias of a new subject.

    Args:
        rng: source of random bytes.
        keep_weekday: move dates by whole weeks, so that a Monday stays a Monday; leaves 104 offsets of 728.
        derived: keyed bytes for the pseudonym; without them it is random, as 164.514(c)(1) requires: a code may not be
            derived from information about the individual.
    """
    name = rng(_PSEUDONYM_BYTES) if derived is None else derived[:_PSEUDONYM_BYTES]
    return Alias(
        pseudonym=f"S-{crockford(name)}",
        date_offset_days=_draw_days(rng, 7 if keep_weekday else 1),
        seed=rng(_SEED_BYTES),
    )


def is_pseudonym(text: str) -> bool:
    """Whether a typed text (PHI if it is a name) has the form of a pseudonym and so may be logged."""
    return _PSEUDONYM.fullmatch(text) is not None


def pack_alias(alias: Alias) -> bytes:
    """Serialize an alias, for sealing."""
    return orjson.dumps([alias.pseudonym, alias.date_offset_days, alias.seed.hex()])


def unpack_alias(data: bytes) -> Alias:
    """Deserialize an alias from `pack_alias`."""
    pseudonym, days, seed = orjson.loads(data)
    return Alias(pseudonym=pseudonym, date_offset_days=days, seed=bytes.fromhex(seed))


def crockford(data: bytes) -> str:
    """Encode as Crockford base32 (no I, L, O, U), 5 bits per character, most significant first."""
    number = int.from_bytes(data, "big")
    length = len(data) * 8 // 5
    return "".join(_CROCKFORD[number >> 5 * place & 31] for place in reversed(range(length)))


def _draw_days(rng: RandomBytes, step: int) -> int:
    """Draw a multiple of ``step`` days uniformly: draws beyond the largest multiple of the choices are rejected."""
    most = _MOST_DAYS // step
    choices = 2 * most
    limit = 65536 - 65536 % choices
    draw = limit
    while draw >= limit:
        draw = int.from_bytes(rng(2), "big")
    steps = draw % choices - most
    return step * (steps if steps < 0 else steps + 1)
