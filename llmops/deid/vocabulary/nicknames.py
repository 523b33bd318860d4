"""Short forms of common given names, in both directions; written for this project."""

from types import MappingProxyType
from typing import Final

_GROUPS: Final = (
    "alexander alex sasha|alexandra alex sandra sasha|andrew andy drew|anthony tony|barbara barb|"
    "benjamin ben|catherine cathy "
    "kate katie|charles charlie chuck|christine chris tina|christopher chris|daniel dan danny|david "
    "dave|deborah deb debbie|"
    "donald don|dorothy dot dottie|edward ed eddie ted|elizabeth liz beth betty eliza|francis frank|"
    "francisco paco pancho|"
    "frederick fred|gerald jerry|gregory greg|guadalupe lupe|guillermo memo|henry hank harry|isabel isa bel|jacob jake|"
    "james jim jimmy jamie|jennifer jen jenny|jesus chuy|john jack johnny|jonathan jon|jose pepe|joseph joe joey|"
    "joshua josh|katherine kate katie kathy|kenneth ken|kimberly kim|lawrence larry|leonard len|"
    "margaret maggie meg peggy|"
    "matthew matt|michael mike mick|mohammed mo|nathaniel nate|nicholas nick|patricia pat patty tricia|patrick pat|"
    "peter pete|philip phil|rebecca becky|richard rick dick rich|robert rob bob bobby bert|ronald ron|rosario charo|"
    "samantha sam|samuel sam|stephen steve|steven steve|susan sue suzie|theodore ted theo|theresa terry tess|"
    "thomas tom tommy|timothy tim|victoria vicky tori|vincent vince|virginia ginny|walter walt|"
    "william will bill billy liam"
)


def _table() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for group in _GROUPS.split("|"):
        names = group.split()
        for name in names:
            table[name] = (*table.get(name, ()), *(other for other in names if other != name))
    return table


NICKNAMES: Final = MappingProxyType(_table())
"""Lower-case name to other forms of the same name."""
