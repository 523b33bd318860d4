"""Dates in words or by name: ordinals and years in words, holidays, seasons and quarters, Roman months."""

import re
from typing import Final

from llmops.deid.detect.recognizers.rules import PatternRule
from llmops.phi import PhiLabel

_ONES: Final = "one|two|three|four|five|six|seven|eight|nine"
_TEENS: Final = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS: Final = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_LATE_ORDINAL: Final = (
    "eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|"
    "twenty[- ](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|thirtieth|thirty[- ]first"
)
_ORDINAL: Final = "(?:" + _LATE_ORDINAL + "|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)"
_NUMBER: Final = "(?:(?:" + _TENS + ")(?:[- ](?:" + _ONES + "))?|" + _TEENS + "|(?:oh|o)[- ](?:" + _ONES + "))"
_YEAR: Final = (
    "(?:(?:nineteen|twenty)[- ](?:hundred(?: and)?[- ])?" + _NUMBER + "|two thousand(?:(?: and)? (?:" + _ONES + "|"
    + _TEENS + "|twenty(?:[- ](?:" + _ONES + "))?))?)"
)  # fmt: skip
_MONTH: Final = (
    "(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    "jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)"
)
_WEEKDAY: Final = "(?:(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday),? )"
_ROMAN: Final = "(?:I{1,3}|IV|VI{0,3}|IX|XI{0,2})"
_HOLIDAY: Final = (
    r"(?:christmas(?: eve| day)?|xmas(?: eve)?|x-mas|thanksgiving(?: day)?|new year'?s?(?: eve| day)?|"
    r"easter(?: sunday| monday)?|good friday|"
    r"palm sunday|ash wednesday|hallowe'?en|labor day|memorial day|independence day|(?:the )?(?:4th|"
    r"fourth) of july|veterans'? day|columbus day|"
    r"presidents'? day|mlk day|martin luther king day|juneteenth|valentine'?s(?: day)?|st\.? "
    r"patrick'?s(?: day)?|mother'?s day|father'?s day|"
    r"mothering sunday|boxing day|black friday|ash wed|white sunday|dia de (?:los )?reyes|nochebuena|canada day|bank "
    r"holiday|hanukkah|chanukah|passover|yom kippur|rosh "
    r"hashanah?|purim|sukkot|ramadan|"
    r"eid(?: al[- ](?:fitr|adha))?|mawlid|diwali|holi|navratri|tet|lunar new year|chinese new year|"
    r"nowruz|norooz|vesak|songkran|"
    r"mardi gras|fat tuesday|cinco de mayo|dia de (?:los )?muertos|three kings(?: day)?|epiphany|all "
    r"saints'?(?: day)?|all souls'?(?: day)?|kwanzaa|groundhog day|"
    r"super bowl(?: sunday)?|patriots'? day|indigenous peoples'? day|election day|tax day|orthodox "
    r"easter|pascha|las posadas|"
    r"timkat|genna|meskel|obon|mid-autumn(?: festival)?|chuseok|seollal|syttende mai|bastille day|guy "
    r"fawkes|bonfire night|shavuot|shrove tuesday|pentecost|whitsun|(?-i:NYE)|losar|pongal|thai ?pusam|fasika|"
    r"onam|baisakhi|vaisakhi|enkutatash|africa day|anzac day|midsummer(?:'s)?(?: eve| day)?)"
)
_NO_DAY: Final = re.compile(
    r"(?i) (?:rib|nerve|floor|grade|grader|degree|trimester|time|line|dose|cycle|percentile|cranial|toe|finger|visit|"
    r"week|day|year|street|avenue|ave|st|edition|child|attempt|century|intercostal|thoracic|vertebra|row|cousin)s?\b"
)
_NO_FEAST: Final = re.compile(r"(?i)(?:'s)? (?:disease|factor|tree|lily|island|seal)s?\b")


def _is_day(folded: str, _start: int, end: int) -> bool:
    """Refuse the twelfth rib and the eleventh floor."""
    return _NO_DAY.match(folded, end) is None


def _is_feast(folded: str, _start: int, end: int) -> bool:
    """Refuse Christmas disease, which is named after a patient."""
    return _NO_FEAST.match(folded, end) is None


RULES: Final = (
    PatternRule(
        r"(?i)\b(" + _WEEKDAY + "?" + _MONTH + " (?:the )?" + _ORDINAL + "(?:,? " + _YEAR + r")?)\b",
        PhiLabel.DATE,
        0.9,
        _is_day,
    ),
    PatternRule(
        r"(?i)\b(" + _WEEKDAY + "?(?:the )?" + _ORDINAL + " (?:day )?of " + _MONTH + "(?:,? " + _YEAR + r")?)\b",
        PhiLabel.DATE,
        0.91,
    ),
    PatternRule(r"(?i)\b(" + _WEEKDAY + "the " + _ORDINAL + r")\b", PhiLabel.DATE, 0.85, _is_day),
    PatternRule(
        r"(?i)\b(?:on|by|since|until|till|from|to|of|after|before|around) (the (?:" + _LATE_ORDINAL + r"))\b",
        PhiLabel.DATE,
        0.75,
        _is_day,
    ),
    PatternRule(r"(?i)\b(" + _MONTH + " (?:of )?" + _YEAR + r")\b", PhiLabel.DATE, 0.85),
    PatternRule(
        r"(?i)\b((?:early |late |mid[- ])?(?:spring|summer|fall|autumn|winter)(?: of)?,? (?:(?:19|20)\d\d\b|'\d\d\b))",
        PhiLabel.DATE,
        0.85,
    ),
    PatternRule(r"\b(Q[1-4][ /-]?(?:(?:19|20)\d\d\b|'\d\d\b))", PhiLabel.DATE, 0.85),
    PatternRule(r"\b(\d{1,2}[ .]{1,2}" + _ROMAN + r"[ .]{1,2}(?:19|20)\d\d)\b", PhiLabel.DATE, 0.9),
    PatternRule(
        r"(?i)\b(" + _HOLIDAY + r"\b(?:,? (?:(?:19|20)\d\d\b|'\d\d\b|14\d\d\b))?)", PhiLabel.DATE, 0.75, _is_feast
    ),
)
