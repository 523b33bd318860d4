"""Exclusive access to a vault for operator actions: inspect, merge, split, erase, re-identify."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from llmops.errors import StageError
from llmops.identities import Identity
from llmops.vault.approval import Approval, Refusal, RefusedError
from llmops.vault.crypto import KEY_SIZE, DataKey, VaultKeys
from llmops.vault.identities import unpack
from llmops.vault.keys import KeyProvider
from llmops.vault.open_vault import Mode, VaultLock, key_bytes, open_bundle
from llmops.vault.pseudonyms import unpack_alias
from llmops.vault.store import VaultStore, refuse_missing
from llmops.vault.subjects import Links

MOST_A_DAY: Final = 10
_FINISHED_SLOTS: Final = 1
_DAY_MS: Final = 86_400_000
_UNKNOWN: Final = "vault: no subject of that pseudonym; it may have been erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultStatus:
    """Status of a vault: numbers, no PHI.

    Args:
        vault: its id, as named in approvals.
        pseudonyms: ``"random"`` or ``"keyed"``.
        date_offsets: ``"days"`` or ``"weeks"``.
        rotation: ``"finished"``, or ``"unfinished"`` after an interruption; run the rotation again.
        counts: ``(name, number)``: subjects, merged, erased, identities, identifiers, kept_apart.
    """

    vault: str
    pseudonyms: str
    date_offsets: str
    rotation: str
    counts: tuple[tuple[str, int], ...]


class Custody:
    """An exclusively locked vault. Subjects are named by pseudonyms, current or given up in a merge."""

    def __init__(self, store: VaultStore, keys: VaultKeys, mode: Mode) -> None:
        self._store = store
        self._keys = keys
        self._links = Links(store, keys)
        self._mode = mode

    @property
    def id(self) -> str:
        """Return the vault's id; unchanged by rotation."""
        return self._keys.bind("vault", b"id").hex()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Apply all changes of the block, or none if it fails.

        Raises:
            StageError: the file refuses; nothing has changed.
        """
        try:
            with self._store.transaction():
                yield
        finally:
            self._links.forget()

    def status(self) -> VaultStatus:
        """Count the vault's content."""
        return VaultStatus(
            vault=self.id,
            pseudonyms="keyed" if self._mode.keyed else "random",
            date_offsets="weeks" if self._mode.keep_weekday else "days",
            rotation="finished" if len(self._store.bundles()) == _FINISHED_SLOTS else "unfinished",
            counts=tuple(self._store.counts().items()),
        )

    def merges(self) -> tuple[tuple[str, str], ...]:
        """Return ``(pseudonym given up, pseudonym kept)`` of every merge not undone."""
        names = self._names()
        pairs = ((name, self._links.root(subject)) for subject, name in names.items())
        return tuple(sorted((name, names[root]) for name, root in pairs if names.get(root, name) != name))

    def names(self, pseudonym: str) -> tuple[str, ...]:
        """Return every current and former pseudonym of the subject, the current one first.

        Raises:
            StageError: no subject with that pseudonym, or it was erased.
        """
        names = self._names()
        return tuple(names[member] for member in self._links.group(self._root(names, pseudonym)))

    def knows(self, pseudonym: str) -> bool:
        """Whether a subject that is not erased has that pseudonym."""
        return pseudonym in self._names().values()

    def erase(self, pseudonym: str) -> tuple[str, ...]:
        """Destroy the subject's data keys and all that is known about it; nothing can be decrypted afterwards.

        Its identifiers stay as keyed hashes, so that it is not registered again and its documents are withheld from now
        on. Earlier copies of the file become unreadable after a rotation, once the old key is destroyed. The audit log
        is not changed: it holds pseudonyms only.

        Returns:
            The pseudonyms of the subject, as `names`.

        Raises:
            StageError: as `names`; nothing has changed.
        """
        with self.changing():
            names = self._names()
            members = self._links.group(self._root(names, pseudonym))
            for member in members:
                self._store.drop_identities(member)
                self._links.put(member, members[0], os.urandom(KEY_SIZE), erased=True)
        return tuple(names[member] for member in members)

    def merge(self, one: str, other: str) -> str:
        """Record that two subjects are one patient.

        Returns:
            The pseudonym that stays: that of the older subject.

        Raises:
            StageError: no such subject, or they are merged already.
        """
        with self.changing():
            names = self._names()
            first, second = self._root(names, one), self._root(names, other)
            if first == second:
                raise StageError("vault: these two are one subject already")
            for left in self._links.group(first):
                for right in self._links.group(second):
                    self._store.allow_together(left, right)
            self._links.forget()
            return names[self._links.join(first, second)]

    def split(self, pseudonym: str) -> str:
        """Undo a merge: the subject that gave up this pseudonym gets it back, with its own identifiers and identities.

        The two are kept apart from now on, even if a record links them.

        Returns:
            The pseudonym that it had been merged into.

        Raises:
            StageError: no such subject, or it was not merged into another.
        """
        with self.changing():
            names = self._names()
            subject = self._subject(names, pseudonym)
            row, content = self._links.row(subject)
            if row.root == subject:
                raise StageError(
                    "vault: this subject was not merged into another; 'status --merges' lists those that were"
                )
            for member in self._links.group(row.root):
                if member != subject:
                    self._store.keep_apart(subject, member)
            self._links.put(subject, subject, content)
            return names[row.root]

    def reidentify(self, pseudonym: str, leave: Approval, *, now_ms: int) -> tuple[Identity, ...]:
        """Return the identities of a subject; uses up the approvals.

        Args:
            leave: the result of `check_approvals`.
            now_ms: UTC milliseconds since 1970.

        Returns:
            Everything that structured records hold about the subject. PHI.

        Raises:
            RefusedError: no such subject, an approval was used before, or too many were re-identified within a day.
        """
        with self.changing():
            if self._store.spent_since(now_ms - _DAY_MS) >= MOST_A_DAY * len(leave.marks):
                raise RefusedError(
                    Refusal.TOO_MANY,
                    f"vault: {MOST_A_DAY} subjects were re-identified within a day; no more until tomorrow",
                )
            names = self._names()
            if pseudonym not in names.values():
                raise RefusedError(Refusal.NO_SUBJECT, _UNKNOWN)
            members = self._links.group(self._root(names, pseudonym))
            if not all(self._store.spend(mark, now_ms) for mark in leave.marks):
                raise RefusedError(Refusal.USED, "vault: an approval was used before; ask for a new one")
            return tuple(dict.fromkeys(identity for member in members for identity in self._identities(member)))

    def _identities(self, subject: int) -> Iterator[Identity]:
        key = DataKey(self._links.row(subject)[1][:KEY_SIZE])
        for row, sealed in self._store.identities(subject):
            yield unpack(key.unseal(row, subject, sealed))

    def _names(self) -> dict[int, str]:
        """Return the pseudonym of each subject that was not erased, by id."""
        rows = ((subject, *self._links.row(subject)) for subject in self._store.subjects())
        return {subject: unpack_alias(content[KEY_SIZE:]).pseudonym for subject, row, content in rows if not row.erased}

    def _subject(self, names: dict[int, str], pseudonym: str) -> int:
        found = next((subject for subject, name in names.items() if name == pseudonym), None)
        if found is None:
            raise StageError(_UNKNOWN)
        return found

    def _root(self, names: dict[int, str], pseudonym: str) -> int:
        return self._links.root(self._subject(names, pseudonym))


@contextmanager
def custody(path: Path, key: bytes | KeyProvider) -> Iterator[Custody]:
    """Open a vault under an exclusive lock.

    Args:
        path: the vault's file.
        key: the key-encryption key, or its provider.

    Raises:
        RecipeError: there is no vault, the key does not fit, or it is in use.
    """
    with alone(path) as store:
        bundle, _ = open_bundle(store, key_bytes(key), None, read_only=False)
        yield Custody(store, VaultKeys(bundle), Mode.of(bundle.mode))


@contextmanager
def alone(path: Path) -> Iterator[VaultStore]:
    """Open an existing vault's file under an exclusive lock.

    Raises:
        RecipeError: there is no vault, or it is in use.
    """
    refuse_missing(path)  # before a lock file is created
    lock = VaultLock(path, alone=True)
    try:
        store = VaultStore.open(path, read_only=False)
        try:
            yield store
        finally:
            store.close()
    finally:
        lock.release()
