"""Sum the penalties of a check, in the same way for every dimension."""

from typing import Final

from llmops.documents import Evidence

_MOST_OF_A_RULE: Final = 20  # keeps a broken table from filling the release with evidence


class Penalties:
    """Collect evidence; the score is 1 minus the penalties, at least 0."""

    def __init__(self) -> None:
        self._lost = 0.0
        self._evidence: list[Evidence] = []
        self._count: dict[str, int] = {}

    def add(self, rule: str, penalty: float, start: int = 0, end: int = 0, field: str = "") -> None:
        """Subtract ``penalty``; evidence beyond the 20th per rule counts but is not listed."""
        self._lost += penalty
        self._count[rule] = self._count.get(rule, 0) + 1
        if self._count[rule] <= _MOST_OF_A_RULE:
            found = Evidence(rule=rule, penalty=round(penalty, 4), start=start, end=end, field=field)
            self._evidence.append(found)

    def result(self) -> tuple[float, tuple[Evidence, ...]]:
        """The score in [0, 1] and the evidence in order of discovery."""
        return round(max(0.0, 1.0 - self._lost), 4), tuple(self._evidence)
