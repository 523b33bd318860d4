"""Define the exception with which format modules refuse a record; the normalizer turns it into a `Withheld`."""

from llmops.documents import Reason
from llmops.errors import LlmopsError


class Refused(LlmopsError):  # noqa: N818  (a verdict about one record, never seen by users as an error)
    """A record or part cannot become a document; carries a reason code, never text.

    Args:
        reason: why, from the closed list.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason
