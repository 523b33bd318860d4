"""Which records are of one patient: linked by (assigner, identifier), never by name."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from llmops.documents import SubjectIdentifier
from llmops.vault.crypto import VaultKeys
from llmops.vault.identities import LINKING, normalize_assigner, normalize_value
from llmops.vault.store import VaultStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The keyed hashes of one identifier.

    Args:
        link: of kind, assigner and value.
        value: of kind and value alone.
        assigned: whether the assigner is known.
    """

    link: bytes = field(repr=False)
    value: bytes = field(repr=False)
    assigned: bool


def tokens_of(identifiers: Sequence[SubjectIdentifier], keys: VaultKeys) -> tuple[Tokens, ...]:
    """The tokens by which a record's identifiers are looked up. ``identifiers`` are PHI.

    Where a record has identifiers that may link, the others are left out. A record with nothing but account, plan or
    licence numbers is found by those, but in a space of their own: they tie such records to one another and never to
    a patient known by a number that is hers alone.
    """
    named = [(one, normalize_value(one)) for one in identifiers]
    strong = [pair for pair in named if pair[0].label in LINKING and pair[1]]
    space = "link" if strong else "weak"
    chosen = strong or [pair for pair in named if pair[0].label not in LINKING and pair[1]]
    return tuple(_tokens(space, identifier, value, keys) for identifier, value in chosen)


def find(store: VaultStore, tokens: Sequence[Tokens]) -> int | None:
    """The subject that a record is of, or ``None``; the oldest where its identifiers disagree."""
    exact = [subject for one in tokens if (subject := store.linked(one.link)) is not None]
    if exact:
        return min(exact)
    return next((subject for one in tokens if (subject := _find_by_value(store, one)) is not None), None)


def attach(store: VaultStore, tokens: Sequence[Tokens], subject: int) -> int:
    """Give a subject these identifiers; where another subject has one of them already, the two become one.

    Returns:
        The subject it is now: the older one, so that its pseudonym stays.
    """
    for one in tokens:
        other = store.linked(one.link)
        if other is not None and other != subject:
            subject, loser = min(subject, other), max(subject, other)
            store.merge(subject, loser)
    for one in tokens:
        store.link(one.link, subject)
        store.hold(one.value, subject, assigned=one.assigned)
    return subject


def settle(store: VaultStore, value_tokens: Collection[bytes]) -> None:
    """Join each identifier without assigner to the one subject that has the same value from a known assigner.

    Done when every identity of a registration is in, and again until nothing changes, so that their order does not
    matter. Where two subjects have the value, the one without assigner stays a subject of its own.
    """
    while any([_settle_one(store, token) for token in value_tokens]):  # noqa: C419 - every one of them in each round
        continue


def _settle_one(store: VaultStore, value_token: bytes) -> bool:
    unassigned = store.holders(value_token, assigned=False)
    assigned = store.holders(value_token, assigned=True)
    if not len(unassigned) == len(assigned) == 1 or unassigned == assigned:
        return False
    store.merge(min(*unassigned, *assigned), max(*unassigned, *assigned))
    return True


def _find_by_value(store: VaultStore, tokens: Tokens) -> int | None:
    """The subject with this value where the assigner is unknown on one side, and nobody else could be meant."""
    assigned = store.holders(tokens.value, assigned=True)
    candidates = assigned if not tokens.assigned else store.holders(tokens.value, assigned=False)
    if len(candidates) != 1 or (tokens.assigned and assigned):
        return None
    return candidates[0]


def _tokens(space: str, identifier: SubjectIdentifier, value: str, keys: VaultKeys) -> Tokens:
    assigner, label = normalize_assigner(identifier), identifier.label.value
    return Tokens(
        link=keys.token(f"{space}.identifier", label, assigner, value),
        value=keys.token(f"{space}.value", label, value),
        assigned=bool(assigner),
    )
