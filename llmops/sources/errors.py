"""Define the one exception of opening, sniffing and framing."""

from llmops.documents import Reason


class Unreadable(Exception):  # noqa: N818 - an answer on its way to becoming `Withheld`, not an error of the program
    """The bytes cannot become a record; carries the reason and nothing of the input."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason
