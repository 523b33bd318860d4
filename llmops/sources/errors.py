"""The one way in which opening, sniffing and framing say no."""

from llmops.documents import Reason


class Unreadable(Exception):  # noqa: N818 - an answer on its way to becoming `Withheld`, not an error of the program
    """The bytes at hand cannot become a record; carries the reason and nothing of the input."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason
