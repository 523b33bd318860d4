"""The vault's cryptography: one key for each purpose (HKDF), rows sealed with AES-256-GCM, tokens by HMAC-SHA256."""

import hashlib
import hmac
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from llmops.errors import RecipeError, StageError

KEY_SIZE: Final = 32
_NONCE_SIZE: Final = 12


class VaultKeys:
    """The keys that one key-encryption key opens; never shown, never pickled."""

    __slots__ = ("_pseudonym", "_row", "_token")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_SIZE:
            raise RecipeError(f"vault key: must be {KEY_SIZE} random bytes; name a key file made by llmops")
        self._row = AESGCM(_derive(key, "row"))
        self._token = _derive(key, "token")
        self._pseudonym = _derive(key, "pseudonym")

    def __reduce__(self) -> str:
        raise TypeError("vault keys stay in the process that read them")

    def seal(self, table: str, row: int, value: bytes) -> bytes:
        """Encrypt one value so that it can be opened only in its own table and row. ``value`` is PHI."""
        # The nonce is always the system's: an injected, repeatable source would repeat nonces under one key.
        nonce = os.urandom(_NONCE_SIZE)
        return nonce + self._row.encrypt(nonce, value, _place(table, row))

    def unseal(self, table: str, row: int, sealed: bytes) -> bytes:
        """Decrypt one value; the answer is PHI.

        Raises:
            StageError: it was changed, moved from another row, or sealed with another key.
        """
        try:
            return self._row.decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], _place(table, row))
        except (InvalidTag, ValueError):
            raise StageError(f"vault: row {row} of {table} does not decrypt; the file was changed") from None

    def token(self, purpose: str, *parts: str) -> bytes:
        """A keyed hash to look a value up by without storing it. ``parts`` are PHI, the answer is not."""
        return hmac.digest(self._token, _join(purpose, *parts), hashlib.sha256)

    def pseudonym(self, token: bytes) -> bytes:
        """Keyed bytes for a pseudonym; allowed only where 164.514(c) does not forbid derived codes."""
        return hmac.digest(self._pseudonym, token, hashlib.sha256)


def _derive(key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=None, info=f"llmops vault v1 {purpose}".encode()).derive(key)


def _place(table: str, row: int) -> bytes:
    return f"{table}:{row}".encode()


def _join(*parts: str) -> bytes:
    """Join so that no two different lists of parts give the same bytes."""
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    return b"".join(len(part).to_bytes(8, "big") + part for part in encoded)
