"""The vault: who is who, what they are called outside, and what is known of them. Raw zone only."""

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
    """What a vault holds while it is open; secret."""

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
        """Open the vault's file; make one where there is none.

        Args:
            path: the SQLite file, in the raw zone.
            key: 32 random bytes, the key-encryption key; or who gives them.
            read_only: for workers; never writes.
            keyed: derive pseudonyms from identifiers with a key. Illegal under Safe Harbor (164.514(c)(1)); for limited
                data sets and expert determination. A vault is one or the other for good.
            keep_weekday: move dates by whole weeks. For good, too.
            rng: gives random bytes.

        Raises:
            RecipeError: the key does not fit, the file is no vault or readable by others, it was made the other way, or
                its keys are being changed.
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
        """Let go of the file and forget what was decrypted."""
        self._forget()
        self._store.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def register(self, identities: Iterable[Identity]) -> None:
        """Take in what structured records say, all or nothing; what is known already changes nothing.

        Args:
            identities: PHI. One without any usable subject identifier is passed over, since it can be linked to nobody;
                so is one of a subject that was erased.

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
        """The subject with one of these identifiers (PHI), or ``None`` where none is known; an id for in here only.

        One that was erased is still found, and nothing more is said of it: who asks for its pseudonym is refused, so
        that its documents are withheld under every policy, also one that releases documents without a subject.
        """
        found = self._find(tuple(identifiers))
        return None if found is None else f"{_ID}{found}"

    def pseudonym(self, subject: str) -> str:
        """What the subject is called outside the raw zone.

        Raises:
            SubjectErasedError: it was erased.
            StageError: no such subject.
        """
        return self._alias(_number(subject)).pseudonym

    def date_offset_days(self, subject: str) -> int:
        """How many days the subject's dates move; the same for all of them, so that intervals stay. Secret."""
        return self._alias(_number(subject)).date_offset_days

    def surrogate_seed(self, subject: str) -> bytes:
        """What the subject's surrogates are drawn from; 32 bytes, secret."""
        return self._alias(_number(subject)).seed

    def known(self, subject: str) -> tuple[Identity, ...]:
        """Everything that structured records say about the subject and the people around it, without repeats. PHI."""
        return self._known(_number(subject))

    def is_anybodys(self, identifier: SubjectIdentifier) -> bool:
        """Whether any patient has this number, or goes by this whole name (PHI): then it must not become a stand-in."""
        return self._held(identifier)

    @property
    def subject_count(self) -> int:
        """Number of subjects."""
        return self._store.counts()["subjects"]

    def digest(self) -> str:
        """Hex SHA-256 over what is stored (keyed and sealed, no PHI); registering nothing new leaves it as it is."""
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
        """The subject whose own a record is, made where it is new; and the id that the next new one gets."""
        found = [subject for one in tokens if (subject := self._links.linked(one.link)) is not None]
        if found:
            owner = min(found, key=lambda subject: (self._links.root(subject), subject))
            self._links.attach(tokens, owner)
            return owner, new
        derived = min(one.name for one in tokens) if self._mode.keyed else None
        alias = draw_alias(self._rng, derived, keep_weekday=self._mode.keep_weekday)
        # The data key is the system's, as nonces are: what erasure destroys must not be drawn again from a seed.
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
