"""A key-encryption key stored wrapped on disk: only a key service, asked each time, can unwrap it."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from llmops.errors import RecipeError
from llmops.keys import create_key_file
from llmops.vault.crypto import KEY_SIZE

_LARGEST: Final = 1 << 16


class KeyService(Protocol):
    """Wraps and unwraps a small secret under a key that it never discloses; names the key, holds no credentials."""

    def wrap(self, secret: bytes) -> bytes:
        """Encrypt a secret.

        Raises:
            RecipeError: the service cannot be reached or refuses.
            MissingExtraError: its client is not installed.
        """
        ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """Decrypt a wrapped secret; raises as `wrap`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedKey:
    """The key in a file that a key service wrapped; created on first use. It is never on disk in the clear."""

    path: Path
    service: KeyService

    def key(self) -> bytes:
        """Return the 32 bytes; secret.

        Raises:
            RecipeError: the file cannot be read or created, or the service does not unwrap it.
            MissingExtraError: the service's client is not installed.
        """
        if not self.path.exists():
            create_key_file(self.path, lambda: self.service.wrap(secrets.token_bytes(KEY_SIZE)))
        try:
            with self.path.open("rb") as file:
                wrapped = file.read(_LARGEST)
        except OSError:
            raise RecipeError(f"vault key: {self.path.name} cannot be read; restore it from its backup") from None
        return self.service.unwrap(wrapped)
