"""Adds up what a check takes off, so that every dimension counts alike."""

from typing import Final

from llmops.documents import Evidence

_MOST_OF_A_RULE: Final = 20  # a broken table must not fill the release with its evidence


class Penalties:
    """Collects evidence; the score is what the penalties leave of 1."""

    def __init__(self) -> None:
        self._lost = 0.0
        self._evidence: list[Evidence] = []
        self._count: dict[str, int] = {}

    def add(self, rule: str, penalty: float, start: int = 0, end: int = 0, field: str = "") -> None:
        """Take ``penalty`` off; evidence beyond the twentieth of a rule counts but is not listed."""
        self._lost += penalty
        self._count[rule] = self._count.get(rule, 0) + 1
        if self._count[rule] <= _MOST_OF_A_RULE:
            found = Evidence(rule=rule, penalty=round(penalty, 4), start=start, end=end, field=field)
            self._evidence.append(found)

    def result(self) -> tuple[float, tuple[Evidence, ...]]:
        """The score in [0, 1] and the evidence in the order it was found."""
        return round(max(0.0, 1.0 - self._lost), 4), tuple(self._evidence)
