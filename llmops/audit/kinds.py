"""Which kinds of event a stream may hold, by who writes it: who has no key of the log may not say everything."""

from typing import Final

from llmops.audit import layout
from llmops.audit.events import Evaluated, Heartbeat, IndexBuilt, Queried, Recovered, ReleaseRevoked, Reviewed

# Who reads needs no key, so whoever can write the folder can write such a stream: it may tell of reading alone.
READER_KINDS: Final = frozenset(event.kind for event in (Queried, IndexBuilt, Evaluated, Heartbeat, Recovered))
# A reviewer signs with a key of their own, so their stream may speak of nothing but reviews.
REVIEW_KINDS: Final = frozenset({Reviewed.kind, Recovered.kind})
# Who takes a release back has the key that signed it, not always that of the log.
WITHDRAW_KINDS: Final = frozenset({ReleaseRevoked.kind, Heartbeat.kind, Recovered.kind})
# Before there were `withdraw-` streams they logged to a reader's: believed where the key of the log has sealed it.
SEALED_READER_KINDS: Final = READER_KINDS | WITHDRAW_KINDS


def may_hold(stream: str, *, sealed: bool = False) -> frozenset[str] | None:
    """The kinds that a stream may hold, by its name; None where it may hold all.

    Args:
        sealed: whether the events are under a checkpoint of a key of the log.
    """
    if layout.is_reader(stream):
        return SEALED_READER_KINDS if sealed else READER_KINDS
    if stream.startswith(layout.WITHDRAW):
        return WITHDRAW_KINDS
    return REVIEW_KINDS if layout.is_review(stream) else None
