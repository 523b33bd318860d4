"""The vault: identities of patients, their pseudonyms, and known facts about them. Raw zone only."""

import hashlib
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from llmops.errors import StageError, SubjectErasedError
from llmops.identities import Identity, SubjectIdentifier
from llmops.vault.crypto import KEY_SIZE, DataKey, VaultKeys
from llmops.vault.identities import full_names, pack, unpack
from llmops.vault.keys import KeyProvider
from llmops.vault.open_vault import Mode, VaultLock, key_bytes, open_bundle
from llmops.vault.pseudonyms import Alias, RandomBytes, draw_alias, pack_alias, unpack_alias
from llmops.vault.store import VaultStore
from llmops.vault.subjects import Links, Tokens, tokens_of

_CACHED_SUBJECTS: Final = 8192
_ID: Final = "v"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """State of an open vault; secret."""

    store: VaultStore
    lock: VaultLock
    keys: VaultKeys
    mode: Mode
    read_only: bool
    rng: RandomBytes


class Vault:
    """The encrypted crosswalk from patients to pseudonyms. Made by `Vault.open`; one process writes, many may read."""

    def __init__(self, opened: _Opened) -> None:
        self._store = opened.store
        self._lock = opened.lock
        self._keys = opened.keys
        self._mode = opened.mode
        self._read_only = opened.read_only
        self._rng = opened.rng
        self._links = Links(opened.store, opened.keys)
        self._find = lru_cache(maxsize=_CACHED_SUBJECTS)(self._look_up)
        self._alias = lru_cache(maxsize=_CACHED_SUBJECTS)(self._load_alias)
        self._known = lru_cache(maxsize=_CACHED_SUBJECTS)(self._load_known)
        self._held = lru_cache(maxsize=_CACHED_SUBJECTS)(self._is_held)

    @classmethod
    def open(
        cls,
        path: Path,
        key: bytes | KeyProvider,
        *,
        read_only: bool = False,
        keyed: bool = False,
        keep_weekday: bool = False,
        rng: RandomBytes = secrets.token_bytes,
    ) -> Self:
        """Open the vault's file; create it if missing.

        Args:
            path: the SQLite file, in the raw zone.
            key: the key-encryption key, 32 random bytes, or its provider.
            read_only: for workers; never writes.
            keyed: derive pseudonyms from identifiers with a key. Illegal under Safe Harbor (164.514(c)(1)); for limited
                data sets and expert determination. Fixed when the vault is created.
            keep_weekday: move dates by whole weeks. Fixed when the vault is created.
            rng: source of random bytes.

        Raises:
            RecipeError: the key does not fit, the file is no vault or readable by others, the vault was created with
                other settings, or its keys are being changed.
        """
        secret = key_bytes(key)
        mode = Mode(keyed=keyed, keep_weekday=keep_weekday)
        lock = VaultLock(path, alone=False)
        try:
            store = VaultStore.open(path, read_only=read_only)
            try:
                bundle, _ = open_bundle(store, secret, mode, read_only=read_only)
            except BaseException:
                store.close()
                raise
        except BaseException:
            lock.release()
            raise
        keys = VaultKeys(bundle)
        return cls(_Opened(store=store, lock=lock, keys=keys, mode=mode, read_only=read_only, rng=rng))

    def close(self) -> None:
        """Close the file and forget decrypted data."""
        self._forget()
        self._store.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def register(self, identities: Iterable[Identity]) -> None:
        """Register identities from structured records, all or nothing; known ones change nothing.

        Args:
            identities: PHI. Skipped if it has no usable subject identifier, since it cannot be linked,
                or if its subject was erased.

        Raises:
            StageError: the vault is read-only, or the file refuses.
        """
        if self._read_only:
            raise StageError("vault: opened for reading only")
        self._forget()
        try:
            with self._store.transaction():
                self._take_in(identities)
        finally:
            self._forget()

    def subject(self, identifiers: Sequence[SubjectIdentifier]) -> str | None:
        """Return the internal id of the subject with one of these identifiers (PHI), or ``None`` if none is known.

        An erased subject is still found, but asking for its pseudonym raises, so its documents are withheld under every
        policy, also one that releases documents without a subject.
        """
        found = self._find(tuple(identifiers))
        return None if found is None else f"{_ID}{found}"

    def pseudonym(self, subject: str) -> str:
        """Return the subject's pseudonym.

        Raises:
            SubjectErasedError: the subject was erased.
            StageError: no such subject.
        """
        return self._alias(_number(subject)).pseudonym

    def date_offset_days(self, subject: str) -> int:
        """Return the number of days that all dates of the subject move, so that intervals are preserved. Secret."""
        return self._alias(_number(subject)).date_offset_days

    def surrogate_seed(self, subject: str) -> bytes:
        """Return the seed of the subject's surrogates; 32 bytes, secret."""
        return self._alias(_number(subject)).seed

    def known(self, subject: str) -> tuple[Identity, ...]:
        """Return the structured identities of the subject and the people around it, without repeats. PHI."""
        return self._known(_number(subject))

    def is_anybodys(self, identifier: SubjectIdentifier) -> bool:
        """Whether any patient has this number or full name (PHI), so that it must not become a surrogate."""
        return self._held(identifier)

    @property
    def subject_count(self) -> int:
        """Return the number of subjects."""
        return self._store.counts()["subjects"]

    def digest(self) -> str:
        """Return the hex SHA-256 of the stored rows (keyed and sealed, no PHI); registering nothing new keeps it."""
        digest = hashlib.sha256()
        for row in self._store.content():
            digest.update(repr(row).encode("ascii"))
        return digest.hexdigest()

    def _take_in(self, identities: Iterable[Identity]) -> None:
        subject, row = self._store.next_id("subject"), self._store.next_id("identity")
        values: set[bytes] = set()
        for identity in identities:
            tokens = tokens_of(identity.subject, self._keys)
            content = pack(identity)
            seen = self._keys.token("identity", content.decode("utf-8"))
            if not tokens or self._store.has_identity(seen) or self._links.touches_erased(tokens):
                continue
            owner, subject = self._owner(tokens, subject)
            key = DataKey(self._links.row(owner)[1][:KEY_SIZE])
            self._store.add_identity(row, owner, seen, key.seal(row, owner, content))
            self._links.keep_name(tokens_of(full_names(identity), self._keys), owner)
            row += 1
            values.update(one.value for one in tokens)
        self._links.settle(values)

    def _owner(self, tokens: Sequence[Tokens], new: int) -> tuple[int, int]:
        """Return the subject that owns a record, created if new, and the next free id."""
        found = [subject for one in tokens if (subject := self._links.linked(one.link)) is not None]
        if found:
            owner = min(found, key=lambda subject: (self._links.root(subject), subject))
            self._links.attach(tokens, owner)
            return owner, new
        derived = min(one.name for one in tokens) if self._mode.keyed else None
        alias = draw_alias(self._rng, derived, keep_weekday=self._mode.keep_weekday)
        # The data key comes from the system's random source, like nonces: a seed could reproduce it after erasure.
        self._links.put(new, new, os.urandom(KEY_SIZE) + pack_alias(alias))
        self._links.attach(tokens, new)
        return new, new + 1

    def _look_up(self, identifiers: tuple[SubjectIdentifier, ...]) -> int | None:
        return self._links.find(tokens_of(identifiers, self._keys))

    def _is_held(self, identifier: SubjectIdentifier) -> bool:
        return self._links.is_held(tokens_of((identifier,), self._keys))

    def _load_alias(self, subject: int) -> Alias:
        return unpack_alias(self._secrets(self._links.root(subject))[KEY_SIZE:])

    def _load_known(self, subject: int) -> tuple[Identity, ...]:
        return tuple(
            dict.fromkeys(
                identity
                for member in self._links.group(self._links.root(subject))
                for identity in self._identities(member)
            )
        )

    def _identities(self, subject: int) -> Iterable[Identity]:
        key = DataKey(self._secrets(subject)[:KEY_SIZE])
        return (unpack(key.unseal(row, subject, sealed)) for row, sealed in self._store.identities(subject))

    def _secrets(self, subject: int) -> bytes:
        row, content = self._links.row(subject)
        if row.erased:
            raise SubjectErasedError("vault: the subject was erased")
        return content

    def _forget(self) -> None:
        self._links.forget()
        for cache in (self._find, self._alias, self._known, self._held):
            cache.cache_clear()


def _number(subject: str) -> int:
    if not (subject.startswith(_ID) and subject[1:].isdecimal()):
        raise StageError("vault: not a subject id")
    return int(subject[1:])
