"""Link records to patients: by (assigner, identifier), never by name."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from llmops.errors import StageError
from llmops.identities import SubjectIdentifier
from llmops.vault.crypto import VaultKeys
from llmops.vault.identities import LINKING, normalize_assigner, normalize_value
from llmops.vault.store import SubjectRow, VaultStore

_CACHED: Final = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The keyed hashes of one identifier.

    Args:
        link: hash of kind, assigner and value.
        value: hash of kind and value.
        name: source of a keyed pseudonym.
        assigned: whether the assigner is known.
    """

    link: bytes = field(repr=False)
    value: bytes = field(repr=False)
    name: bytes = field(repr=False)
    assigned: bool


def tokens_of(identifiers: Sequence[SubjectIdentifier], keys: VaultKeys) -> tuple[Tokens, ...]:
    """Return the lookup tokens of a record's identifiers. ``identifiers`` are PHI.

    If a record has identifiers that may link, the others are left out. A record with only account, plan or licence
    numbers is found by those, but in a separate space: they link such records to one another, never to a patient known
    by a number of their own.
    """
    named = [(one, normalize_value(one)) for one in identifiers]
    strong = [pair for pair in named if pair[0].label in LINKING and pair[1]]
    space = "link" if strong else "weak"
    chosen = strong or [pair for pair in named if pair[0].label not in LINKING and pair[1]]
    return tuple(_tokens(space, identifier, value, keys) for identifier, value in chosen)


class Links:
    """Finds and merges subjects in a store; every row is checked against its binding.

    Identifiers keep their original subject. A merged subject leads to its root; an erased one keeps its identifiers, so
    that it is not registered again.
    """

    def __init__(self, store: VaultStore, keys: VaultKeys) -> None:
        self._store = store
        self._keys = keys
        self._apart: frozenset[tuple[int, int]] | None = None
        self._rows: dict[int, tuple[SubjectRow, bytes]] = {}

    def forget(self) -> None:
        """Clear the cache; call after another process may have written, and after a change was undone."""
        self._apart = None
        self._rows.clear()

    def row(self, subject: int) -> tuple[SubjectRow, bytes]:
        """Return a subject's row and its decrypted content (secret).

        Raises:
            StageError: there is none, or it was changed.
        """
        known = self._rows.get(subject)
        if known is None:
            known = self._load(subject)
            self._remember(*known)
        return known

    def root(self, subject: int) -> int:
        """Return the root of a subject."""
        return self.row(subject)[0].root

    def is_erased(self, subject: int) -> bool:
        """Whether the subject's data key was destroyed."""
        return self.row(subject)[0].erased

    def group(self, root: int) -> tuple[int, ...]:
        """Return a subject and those merged into it, each checked, the root first."""
        members = (root, *self._store.merged(root))
        if any(self.root(member) != root for member in members):
            raise StageError("vault: a merged subject does not lead where it should; the file was changed")
        return members

    def put(self, subject: int, root: int, content: bytes, *, erased: bool = False) -> None:
        """Store a subject's row, new or changed."""
        sealed = self._keys.seal_subject(subject, root, erased=erased, value=content)
        row = SubjectRow(subject=subject, root=root, erased=erased, sealed=sealed)
        self._store.put_subject(row)
        self._remember(row, content)

    def linked(self, token: bytes) -> int | None:
        """Return the original subject of this identifier, if any."""
        found = self._store.linked(token)
        if found is None:
            return None
        self._keys.check("link", found[1], token, found[0])
        return found[0]

    def find(self, tokens: Sequence[Tokens]) -> int | None:
        """Return the subject of a record, or ``None``; if its identifiers disagree, an erased one or the oldest."""
        exact = {self.root(subject) for one in tokens if (subject := self.linked(one.link)) is not None}
        if exact:
            return min(exact, key=lambda root: (not self.is_erased(root), root))
        return next((subject for one in tokens if (subject := self._find_by_value(one)) is not None), None)

    def keep_name(self, tokens: Sequence[Tokens], subject: int) -> None:
        """Record that some patient has a name; it never leads to the subject."""
        for one in tokens:
            bound = self._keys.bind("value", one.value, subject, int(one.assigned))
            self._store.hold(one.value, subject, bound, assigned=one.assigned)

    def is_held(self, tokens: Sequence[Tokens]) -> bool:
        """Whether any subject has one of the values, whoever assigned it."""
        return any(self._holders(one.value, assigned=assigned) for one in tokens for assigned in (True, False))

    def touches_erased(self, tokens: Sequence[Tokens]) -> bool:
        """Whether one of a record's identifiers belongs to an erased subject."""
        exact = [subject for one in tokens if (subject := self.linked(one.link)) is not None]
        if not exact:
            found = self.find(tokens)
            return found is not None and self.is_erased(found)
        return any(self.is_erased(subject) for subject in exact)

    def attach(self, tokens: Sequence[Tokens], subject: int) -> None:
        """Assign identifiers to a subject; if another subject has one of them, the two are merged.

        The older one is the root, so that its pseudonym stays.
        """
        root = self.root(subject)
        for one in tokens:
            other = self.linked(one.link)
            if other is not None:
                root = self.join(root, self.root(other))
        for one in tokens:
            self._store.link(one.link, subject, self._keys.bind("link", one.link, subject))
            bound = self._keys.bind("value", one.value, subject, int(one.assigned))
            self._store.hold(one.value, subject, bound, assigned=one.assigned)

    def join(self, one: int, other: int) -> int:
        """Merge two roots, unless they are kept apart or one was erased.

        Returns:
            The root of ``one`` now.
        """
        if one == other or self._are_apart(one, other) or self.is_erased(one) or self.is_erased(other):
            return one
        winner, loser = min(one, other), max(one, other)
        for member in self.group(loser):
            self.put(member, winner, self.row(member)[1])
        return winner

    def settle(self, value_tokens: Collection[bytes]) -> None:
        """Merge each identifier without assigner into the one subject that has the same value from a known assigner.

        Runs after all identities of a registration are stored, and repeats until nothing changes, so that their order
        does not matter. If two subjects have the value, the one without assigner stays a separate subject.
        """
        while any([self._settle_one(token) for token in value_tokens]):  # noqa: C419 - every one of them in each round
            continue

    def _settle_one(self, value_token: bytes) -> bool:
        unassigned = self._holders(value_token, assigned=False)
        if len(unassigned) != 1:
            return False
        assigned = self._holders(value_token, assigned=True)
        if len(assigned) != 1 or unassigned == assigned:
            return False
        (one,), (other,) = unassigned, assigned
        return self.join(one, other) == self.root(other)

    def _find_by_value(self, tokens: Tokens) -> int | None:
        """Return the only subject that can be meant by this value, if the assigner is unknown on one side."""
        assigned = self._holders(tokens.value, assigned=True)
        candidates = assigned if not tokens.assigned else self._holders(tokens.value, assigned=False)
        if len(candidates) != 1 or (tokens.assigned and assigned):
            return None
        return next(iter(candidates))

    def _holders(self, value_token: bytes, *, assigned: bool) -> frozenset[int]:
        """Return none, one or two subjects with a value; two mean more than one (thousands may share a value)."""
        roots: set[int] = set()
        for subject, bound in self._store.holders(value_token, assigned=assigned):
            self._keys.check("value", bound, value_token, subject, int(assigned))
            roots.add(self.root(subject))
            if len(roots) > 1:
                break
        return frozenset(roots)

    def _are_apart(self, one: int, other: int) -> bool:
        if self._apart is None:
            self._apart = self._store.apart()
        if not self._apart:
            return False
        pairs = ((a, b) for a in self.group(one) for b in self.group(other))
        return any((min(pair), max(pair)) in self._apart for pair in pairs)

    def _remember(self, row: SubjectRow, content: bytes) -> None:
        if len(self._rows) >= _CACHED:
            self._rows.clear()
        self._rows[row.subject] = (row, content)

    def _load(self, subject: int) -> tuple[SubjectRow, bytes]:
        row = self._store.subject(subject)
        if row is None:
            raise StageError("vault: no such subject")
        return row, self._keys.unseal_subject(subject, row.root, erased=row.erased, sealed=row.sealed)


def _tokens(space: str, identifier: SubjectIdentifier, value: str, keys: VaultKeys) -> Tokens:
    assigner, label = normalize_assigner(identifier), identifier.label.value
    return Tokens(
        link=keys.token(f"{space}.identifier", label, assigner, value),
        value=keys.token(f"{space}.value", label, value),
        name=keys.name(space, label, assigner, value),
        assigned=bool(assigner),
    )
