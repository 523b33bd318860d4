"""Event kinds that a stream may hold, by its writer: a writer without a key of the log may log only some kinds."""

from typing import Final

from llmops.audit import layout
from llmops.audit.events import Evaluated, Heartbeat, IndexBuilt, Queried, Recovered, ReleaseRevoked, Reviewed

# Readers need no key, so whoever can write the folder can write such a stream: it may hold reading events only.
READER_KINDS: Final = frozenset(event.kind for event in (Queried, IndexBuilt, Evaluated, Heartbeat, Recovered))
# A reviewer signs with their own key, so their stream may hold reviews only.
REVIEW_KINDS: Final = frozenset({Reviewed.kind, Recovered.kind})
# Whoever revokes a release has the key that signed it, not always that of the log.
WITHDRAW_KINDS: Final = frozenset({ReleaseRevoked.kind, Heartbeat.kind, Recovered.kind})
# Before `withdraw-` streams existed, revocations went to a reader's stream: accepted if sealed with the log's key.
SEALED_READER_KINDS: Final = READER_KINDS | WITHDRAW_KINDS


def may_hold(stream: str, *, sealed: bool = False) -> frozenset[str] | None:
    """Return the kinds that a stream may hold, by its name; None if it may hold all.

    Args:
        sealed: whether a checkpoint under a key of the log covers the events.
    """
    if layout.is_reader(stream):
        return SEALED_READER_KINDS if sealed else READER_KINDS
    if stream.startswith(layout.WITHDRAW):
        return WITHDRAW_KINDS
    return REVIEW_KINDS if layout.is_review(stream) else None
