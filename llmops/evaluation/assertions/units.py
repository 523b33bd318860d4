"""Units of measure in answers, parsed by UCUM's rules and compared within a dimension."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_PREFIXES: Final[Mapping[str, float]] = MappingProxyType(
    {"": 1.0, "k": 1e3, "d": 1e-1, "c": 1e-2, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}
)
_METRIC: Final = ("g", "l", "m", "mol", "s", "iu", "eq")
_OTHERS: Final[Mapping[str, tuple[str, float]]] = MappingProxyType(
    {
        "lb": ("g", 453.59237),
        "oz": ("g", 28.349523125),
        "in": ("m", 0.0254),
        "ft": ("m", 0.3048),
        "min": ("s", 60.0),
        "h": ("s", 3600.0),
        "d": ("s", 86400.0),
        "wk": ("s", 604800.0),
        "mmhg": ("mmhg", 1.0),
        "kpa": ("mmhg", 7.500617),
        "%": ("1", 0.01),
        "1": ("1", 1.0),
    }
)
_SPELLED: Final = """
ug: µg μg mcg
ul: µl μl
ml: cc milliliters
l: liter liters
mmhg: mm[hg] mm_hg
%: percent
1/min: bpm beats/min /min breaths/min
s: sec seconds
min: minute minutes
h: hr hrs hour hours
d: day days
wk: week weeks
lb: lbs pounds [lb_av]
in: inches [in_i]
g: grams
mm: millimeters millimetres
cm: centimeters centimetres
iu: [iu]
10*3/ul: k/ul x10^3/ul 10^3/ul x10*3/ul
10*9/l: x10^9/l 10^9/l x10*9/l
cel: °c celsius c
[degf]: °f fahrenheit f
"""
_SPELLINGS: Final = {
    spelling.replace("_hg", " hg"): unit
    for unit, _, spellings in (line.rpartition(": ") for line in _SPELLED.strip().splitlines())
    for spelling in spellings.split()
}
_FAHRENHEIT: Final = "[degf]"
_CELSIUS: Final = "cel"


@dataclass(frozen=True, slots=True)
class MeasureUnit:
    """A unit in terms of base units: ``value * factor + offset`` in ``dimension``."""

    dimension: str
    factor: float = 1.0
    offset: float = 0.0


def unit_of(text: str) -> MeasureUnit:
    """Parse a unit; an unknown one equals only the same spelling."""
    spelt = _spelling(text)
    if spelt == _CELSIUS:
        return MeasureUnit(_CELSIUS)
    if spelt == _FAHRENHEIT:
        return MeasureUnit(_CELSIUS, 5 / 9, -160 / 9)
    dimension, factor = [], 1.0
    for position, part in enumerate(spelt.split("/")):
        known = _simple(part)
        if known is None:
            return MeasureUnit(f"={spelt}")
        dimension.append(known[0])
        factor = factor / known[1] if position else known[1]
    return MeasureUnit("/".join(dimension), factor)


def convert(value: float, given: str, wanted: str) -> float | None:
    """Convert a value to another unit; ``None`` if the dimensions differ."""
    source, target = unit_of(given), unit_of(wanted)
    if source.dimension != target.dimension:
        return None
    return (value * source.factor + source.offset - target.offset) / target.factor


def _spelling(text: str) -> str:
    folded = " ".join(text.casefold().split())
    whole = _SPELLINGS.get(folded, folded)
    return "/".join(_SPELLINGS.get(part, part) for part in whole.split("/"))


def _simple(part: str) -> tuple[str, float] | None:
    if part.startswith("10*") and part[3:].isdecimal():
        return "1", 10.0 ** int(part[3:])
    if part in _OTHERS:
        return _OTHERS[part]
    for base in _METRIC:
        prefix = part.removesuffix(base)
        if part.endswith(base) and prefix in _PREFIXES:
            return base, _PREFIXES[prefix]
    return None
