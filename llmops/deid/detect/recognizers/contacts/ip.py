"""IP addresses, 164.514(b)(2)(i)(O), and hardware addresses."""

from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

NAME: Final = "ip"
LABEL: Final = PhiLabel.IP


def _is_ipv4(folded: str, start: int, end: int) -> bool:
    parts = folded[start:end].split(".")
    goes_on = folded[max(0, start - 1) : start] == "." or (
        folded[end : end + 1] == "." and folded[end + 1 : end + 2].isdigit()
    )
    own = parts[0] in {"0", "127", "255"}  # this host, any and broadcast (RFC 1122, 3.2.1.3): no address
    return all(int(part) < 256 for part in parts) and not goes_on and max(map(len, parts)) > 1 and not own


def _is_routable(folded: str, start: int, end: int) -> bool:
    """Require a three-digit part, which software versions (``9.2.1.44``) rarely have."""
    return _is_ipv4(folded, start, end) and max(map(len, folded[start:end].split("."))) == 3


def _is_ipv6(folded: str, start: int, end: int) -> bool:
    """Refuse a time of day (``14:10:05``): an address has a letter or at least four groups."""
    surface = folded[start:end]
    return "::" in surface or surface.count(":") >= 5 or (surface.count(":") >= 3 and any(c.isalpha() for c in surface))


RULES: Final = Rules(
    PatternRule(r"\b(\d{1,3}(?:\.\d{1,3}){3})\b", PhiLabel.IP, 0.9, _is_routable),
    PatternRule(r"\b(\d{1,3}(?:\.\d{1,3}){3})\b", PhiLabel.IP, 0.6, _is_ipv4),
    PatternRule(r"(?i)\b([0-9a-f]{1,4}:(?:[0-9a-f]{0,4}:){1,6}[0-9a-f]{1,4})\b", PhiLabel.IP, 0.85, _is_ipv6),
    PatternRule(r"(?i)\b([0-9a-f]{2}(?:[:-][0-9a-f]{2}){5})\b", PhiLabel.IP, 0.9),
)


def find(view: View) -> Iterator[Span]:
    """Yield the IP addresses in a view."""
    return RULES.find(view, NAME)
