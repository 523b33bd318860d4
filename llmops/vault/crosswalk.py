"""The vault: who is who, what they are called outside, and what is known of them. Raw zone only."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from llmops.documents import Identity, SubjectIdentifier
from llmops.errors import RecipeError, StageError
from llmops.vault import subjects
from llmops.vault.crypto import VaultKeys
from llmops.vault.identities import pack, unpack
from llmops.vault.pseudonyms import Alias, RandomBytes, draw_alias, pack_alias, unpack_alias
from llmops.vault.store import VaultStore

_MODE_ROW: Final = 1
_RANDOM, _KEYED = b"llmops vault v1 random", b"llmops vault v1 keyed"
_CACHED_SUBJECTS: Final = 8192
_ID: Final = "v"


class Vault:
    """The encrypted crosswalk from patients to pseudonyms. Made by `Vault.open`; one process writes, many may read."""

    def __init__(self, store: VaultStore, keys: VaultKeys, *, read_only: bool, keyed: bool, rng: RandomBytes) -> None:
        self._store = store
        self._keys = keys
        self._read_only = read_only
        self._keyed = keyed
        self._rng = rng
        self._find = lru_cache(maxsize=_CACHED_SUBJECTS)(self._look_up)
        self._alias = lru_cache(maxsize=_CACHED_SUBJECTS)(self._load_alias)
        self._known = lru_cache(maxsize=_CACHED_SUBJECTS)(self._load_known)

    @classmethod
    def open(
        cls,
        path: Path,
        key: bytes,
        *,
        read_only: bool = False,
        keyed: bool = False,
        rng: RandomBytes = secrets.token_bytes,
    ) -> Self:
        """Open the vault's file; make one where there is none.

        Args:
            path: the SQLite file, in the raw zone.
            key: 32 random bytes, the key-encryption key.
            read_only: for workers; never writes.
            keyed: derive pseudonyms from identifiers with a key. Illegal under Safe Harbor (164.514(c)(1)); for limited
                data sets and expert determination. A vault is one or the other for good.
            rng: gives random bytes.

        Raises:
            RecipeError: the key does not fit, the file is no vault or readable by others, or it was made the other way.
        """
        keys = VaultKeys(key)
        store = VaultStore.open(path, read_only=read_only)
        mode = _KEYED if keyed else _RANDOM
        try:
            if not read_only and store.meta(_MODE_ROW) is None:
                with store.transaction():
                    store.set_meta(_MODE_ROW, keys.seal("meta", _MODE_ROW, mode))
            _refuse_other_mode(store, keys, mode)
        except BaseException:
            store.close()
            raise
        return cls(store, keys, read_only=read_only, keyed=keyed, rng=rng)

    def close(self) -> None:
        """Let go of the file and forget what was decrypted."""
        self._forget()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def register(self, identities: Iterable[Identity]) -> None:
        """Take in what structured records say, all or nothing; what is known already changes nothing.

        Args:
            identities: PHI. One without any usable subject identifier is passed over, since it can be linked to nobody.

        Raises:
            StageError: the vault is read-only, or the file refuses.
        """
        if self._read_only:
            raise StageError("vault: opened for reading only")
        with self._store.transaction():
            subject, row = self._store.next_id("subject"), self._store.next_id("identity")
            values: set[bytes] = set()
            for identity in identities:
                tokens = subjects.tokens_of(identity.subject, self._keys)
                content = pack(identity)
                seen = self._keys.token("identity", content.decode("utf-8"))
                if not tokens or self._store.has_identity(seen):
                    continue
                owner, subject = self._owner(tokens, subject)
                self._store.add_identity(row, owner, seen, self._keys.seal("identity", row, content))
                row += 1
                values.update(one.value for one in tokens)
            subjects.settle(self._store, values)
        self._forget()

    def subject(self, identifiers: Sequence[SubjectIdentifier]) -> str | None:
        """The subject with one of these identifiers (PHI), or ``None`` where none is known; an id for in here only."""
        found = self._find(tuple(identifiers))
        return None if found is None else f"{_ID}{found}"

    def pseudonym(self, subject: str) -> str:
        """What the subject is called outside the raw zone."""
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

    @property
    def subject_count(self) -> int:
        """Number of subjects."""
        return self._store.subject_count()

    def digest(self) -> str:
        """Hex SHA-256 over what is stored (keyed and sealed, no PHI); registering nothing new leaves it as it is."""
        digest = hashlib.sha256()
        for row in self._store.content():
            digest.update(repr(row).encode("ascii"))
        return digest.hexdigest()

    def _owner(self, tokens: Sequence[subjects.Tokens], new: int) -> tuple[int, int]:
        """The subject of a record, made where it is new; and the id that the next new one gets."""
        found = [subject for one in tokens if (subject := self._store.linked(one.link)) is not None]
        if found:
            return subjects.attach(self._store, tokens, min(found)), new
        derived = self._keys.pseudonym(min(one.link for one in tokens)) if self._keyed else None
        alias = pack_alias(draw_alias(self._rng, derived))
        self._store.add_subject(new, self._keys.seal("subject", new, alias))
        return subjects.attach(self._store, tokens, new), new + 1

    def _look_up(self, identifiers: tuple[SubjectIdentifier, ...]) -> int | None:
        return subjects.find(self._store, subjects.tokens_of(identifiers, self._keys))

    def _load_alias(self, subject: int) -> Alias:
        row = self._store.merged_into(subject) or subject
        sealed = self._store.alias(row)
        if sealed is None:
            raise StageError("vault: no such subject")
        return unpack_alias(self._keys.unseal("subject", row, sealed))

    def _load_known(self, subject: int) -> tuple[Identity, ...]:
        row = self._store.merged_into(subject) or subject
        identities = (unpack(self._keys.unseal("identity", n, s)) for n, s in self._store.identities(row))
        return tuple(dict.fromkeys(identities))

    def _forget(self) -> None:
        for cache in (self._find, self._alias, self._known):
            cache.cache_clear()


def _refuse_other_mode(store: VaultStore, keys: VaultKeys, mode: bytes) -> None:
    sealed = store.meta(_MODE_ROW)
    try:
        found = keys.unseal("meta", _MODE_ROW, sealed or b"")
    except StageError:
        raise RecipeError("vault: the key does not fit; name the key file that the vault was made with") from None
    if found != mode:
        raise RecipeError(
            "vault: made for the other kind of pseudonym (random for Safe Harbor, keyed otherwise; 164.514(c)); "
            "name another vault file for this policy"
        )


def _number(subject: str) -> int:
    if not (subject.startswith(_ID) and subject[1:].isdecimal()):
        raise StageError("vault: not a subject id")
    return int(subject[1:])
