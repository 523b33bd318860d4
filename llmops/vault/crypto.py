"""The vault's cryptography: a wrapped key bundle, rows sealed with AES-256-GCM, tokens and bindings by HMAC-SHA256.

The key-encryption key opens only the bundle. The bundle holds one key per purpose: one seals each subject's data
key, one makes tokens, one names subjects. A subject's data key seals what is known about that subject, so that
destroying one key erases one subject. Rotation replaces the key-encryption key and the key that seals data keys;
tokens and names stay, and so do pseudonyms.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from typing import Final, NoReturn, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from llmops.errors import RecipeError, StageError

KEY_SIZE: Final = 32
_NONCE_SIZE: Final = 12
_BINDING_SIZE: Final = 16
_LEAST_DISTINCT_BYTES: Final = 12  # 32 random bytes have about 30 distinct values; fewer than 12 are not random


def check_key(key: bytes) -> bytes:
    """Return a key-encryption key if it can be random.

    Raises:
        RecipeError: not 32 bytes, or a text or pattern instead of random bytes (164.312(a)(2)(iv)).
    """
    if len(key) != KEY_SIZE:
        raise RecipeError(f"vault key: must be {KEY_SIZE} random bytes; name a key file made by llmops")
    if len(set(key)) < _LEAST_DISTINCT_BYTES:
        raise RecipeError(
            "vault key: too weak for encryption at rest (164.312(a)(2)(iv)): its bytes are not random; "
            "let llmops make the key file"
        )
    return key


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """The keys and settings of a vault, wrapped under the key-encryption key.

    Args:
        mode: settings fixed at creation; see `llmops.vault.crosswalk`.
        row: seals subjects' data keys; replaced at each rotation.
        token: makes tokens and bindings; never replaced.
        name: makes keyed pseudonyms; never replaced.
    """

    mode: int
    row: bytes = field(repr=False)
    token: bytes = field(repr=False)
    name: bytes = field(repr=False)

    @classmethod
    def new(cls, key: bytes, mode: int) -> Self:
        """Create the keys of a new vault; only keyed pseudonyms depend on the first key-encryption key.

        Two vaults with the same first key thus give a patient the same keyed pseudonym, as a two-site study needs.
        """
        return cls(mode=mode, row=os.urandom(KEY_SIZE), token=os.urandom(KEY_SIZE), name=_derive(key, "pseudonym"))

    @classmethod
    def unwrap(cls, key: bytes, slot: int, sealed: bytes) -> Self | None:
        """Open a wrapped bundle; None if it was wrapped under another key."""
        try:
            data = _open(AESGCM(_derive(key, "wrap")), _place("wrap", slot), sealed)
        except InvalidTag:
            return None
        keys = (data[1 + at : 1 + at + KEY_SIZE] for at in range(0, 3 * KEY_SIZE, KEY_SIZE))
        row, token, name = keys
        return cls(mode=data[0], row=row, token=token, name=name)

    def wrap(self, key: bytes, slot: int) -> bytes:
        """Wrap the bundle under a key-encryption key."""
        data = bytes([self.mode]) + self.row + self.token + self.name
        return _seal(AESGCM(_derive(key, "wrap")), _place("wrap", slot), data)

    def with_new_row_key(self) -> "Bundle":
        """Return the bundle after a rotation."""
        return Bundle(mode=self.mode, row=os.urandom(KEY_SIZE), token=self.token, name=self.name)


class DataKey:
    """One subject's data key, which seals what is known about that subject; destroyed when the subject is erased."""

    __slots__ = ("_cipher",)

    def __init__(self, raw: bytes) -> None:
        self._cipher = AESGCM(raw)

    def __reduce__(self) -> NoReturn:
        raise TypeError("vault keys stay in the process that read them")

    def seal(self, row: int, subject: int, value: bytes) -> bytes:
        """Encrypt an identity (PHI), bound to its row and subject."""
        return _seal(self._cipher, _place("identity", row, subject), value)

    def unseal(self, row: int, subject: int, sealed: bytes) -> bytes:
        """Decrypt an identity (PHI).

        Raises:
            StageError: it was changed, or moved from another row or subject.
        """
        try:
            return _open(self._cipher, _place("identity", row, subject), sealed)
        except InvalidTag:
            raise _changed("identity", row) from None


class VaultKeys:
    """Operations with a bundle's keys; never shown, never pickled."""

    __slots__ = ("_name", "_row", "_token")

    def __init__(self, bundle: Bundle) -> None:
        self._row = AESGCM(bundle.row)
        self._token = bundle.token
        self._name = bundle.name

    def __reduce__(self) -> NoReturn:
        raise TypeError("vault keys stay in the process that read them")

    def seal_subject(self, subject: int, root: int, *, erased: bool, value: bytes) -> bytes:
        """Encrypt a subject's row, bound to the subject, its root and its erased state."""
        return _seal(self._row, _place("subject", subject, root, int(erased)), value)

    def unseal_subject(self, subject: int, root: int, *, erased: bool, sealed: bytes) -> bytes:
        """Decrypt a subject's row; secret.

        Raises:
            StageError: it was changed, or the row was moved, merged or marked as erased without the key.
        """
        try:
            return _open(self._row, _place("subject", subject, root, int(erased)), sealed)
        except InvalidTag:
            raise _changed("subject", subject) from None

    def token(self, purpose: str, *parts: str) -> bytes:
        """Return a keyed hash to look up a value without storing it. ``parts`` are PHI, the result is not."""
        return hmac.digest(self._token, _join(purpose, *parts), hashlib.sha256)

    def bind(self, table: str, token: bytes, *numbers: int) -> bytes:
        """Return the binding: proof that a holder of the key assigned a token to a subject."""
        message = b"\0".join((b"binding", table.encode(), *(b"%d" % number for number in numbers), token))
        return hmac.digest(self._token, message, hashlib.sha256)[:_BINDING_SIZE]

    def check(self, table: str, bound: bytes, token: bytes, *numbers: int) -> None:
        """Refuse a token that was assigned to another subject.

        Raises:
            StageError: the row was changed.
        """
        if not hmac.compare_digest(bound, self.bind(table, token, *numbers)):
            raise StageError(f"vault: a row of {table} is not the one that was written; the file was changed")

    def name(self, *parts: str) -> bytes:
        """Return keyed bytes for a pseudonym; only where 164.514(c) permits derived codes. ``parts`` are PHI."""
        return hmac.digest(self._name, _join("pseudonym", *parts), hashlib.sha256)


def _derive(key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=None, info=f"llmops vault v2 {purpose}".encode()).derive(key)


def _seal(cipher: AESGCM, place: bytes, value: bytes) -> bytes:
    # The nonce must come from the system: an injected, repeatable source would repeat nonces under one key.
    nonce = os.urandom(_NONCE_SIZE)
    return nonce + cipher.encrypt(nonce, value, place)


def _open(cipher: AESGCM, place: bytes, sealed: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], place)
    except ValueError:  # too short to hold a nonce
        raise InvalidTag from None


def _changed(table: str, row: int) -> StageError:
    return StageError(f"vault: row {row} of {table} does not decrypt; the file was changed")


def _place(table: str, *numbers: int) -> bytes:
    return ":".join((table, *map(str, numbers))).encode()


def _join(*parts: str) -> bytes:
    """Join strings so that different lists of parts give different bytes."""
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    return b"".join(len(part).to_bytes(8, "big") + part for part in encoded)
