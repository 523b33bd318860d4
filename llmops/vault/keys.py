"""Providers of the key-encryption key: a file, an environment variable, or any object with a ``key()``."""

import base64
import binascii
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from llmops.errors import RecipeError
from llmops.keys import load_or_create_secret
from llmops.vault.crypto import KEY_SIZE


class KeyProvider(Protocol):
    """Provides the key-encryption key each time a vault is opened; keeps no copy.

    For a key service, implement this: fetch or unwrap 32 bytes, and raise `RecipeError` (from None) on failure. Return
    the same bytes until the vault is rotated. Hold names, not keys, so that the object can be sent to workers.
    """

    def key(self) -> bytes:
        """Return the 32 bytes; secret.

        Raises:
            RecipeError: the key is not available.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKey:
    """The key in a file of 32 random bytes, mode 0600; created on first use."""

    path: Path

    def key(self) -> bytes:
        """Return the 32 bytes; secret.

        Raises:
            RecipeError: the file is readable by others, of another size, or cannot be created.
        """
        return load_or_create_secret(self.path, KEY_SIZE)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentKey:
    """The key in an environment variable, as base64 of 32 bytes; for secrets that an orchestrator injects."""

    variable: str

    def key(self) -> bytes:
        """Return the 32 bytes; secret.

        Raises:
            RecipeError: the variable is not set or holds no such key.
        """
        text = os.environ.get(self.variable, "")
        try:
            key = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_SIZE:
            raise RecipeError(f"vault key: {self.variable} must hold {KEY_SIZE} random bytes in base64; set it")
        return key
