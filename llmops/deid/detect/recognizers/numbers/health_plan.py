"""Health plan beneficiary numbers, 164.514(b)(2)(i)(I): member, group, policy, Medicare and Medicaid ids."""

from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.detect.recognizers.shapes import CODE, SEP, is_code
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

NAME: Final = "health_plan"
LABEL: Final = PhiLabel.PLAN


def _is_insured(folded: str, start: int, _end: int) -> bool:
    """Accept Quebec card numbers, which begin with letters of the name; refuse GRID, the label of a donor number."""
    return not folded.startswith("GRID", start)


RULES: Final = Rules(
    PatternRule(
        r"(?i)\b(?:member|mbr|subscriber|sub|policy|pol|group|grp|plan|insurance|ins|beneficiary|bene|"
        r"certificate|cert|medicaid|medi-?cal|medicare|mcaid|mcare|mbi|hicn?|hic|champva|tricare|cin|"
        r"rxgrp|payer|health card|dcn|hmo|ppo|bcbs|blue cross|aetna|cigna|humana|uhc|kaiser|anthem|molina|"
        r"regence|centene)(?:\s?(?:id|ids|no|number|#|nr|num|card|identifier|policy|member|group))*"
        + SEP
        + r"((?-i:"
        + CODE
        + r"))",
        PhiLabel.PLAN,
        0.8,
        is_code(4),
    ),
    PatternRule(
        r"(?i)\b([1-9l][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[- ]{0,2}[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[- ]{0,2}"
        r"[AC-HJKMNP-RT-Y]{2}[0-9O]{2})\b",
        PhiLabel.PLAN,
        0.97,
    ),
    PatternRule(r"\b([A-Z]{4} \d{4} \d{4})\b", PhiLabel.PLAN, 0.7, _is_insured),
    PatternRule(r"\bID:?\s{1,2}([A-Z]{2,4} ?\d{2,4}[ -]?\d{2,5}[ -]?\d{2,5}(?:[ -]\d{2})?)\b", PhiLabel.PLAN, 0.7),
)


def find(view: View) -> Iterator[Span]:
    """Yield the health plan beneficiary numbers in a view."""
    return RULES.find(view, NAME)
