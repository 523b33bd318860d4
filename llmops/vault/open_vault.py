"""Open a vault's file: lock, key bundle, and the settings fixed at creation."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from llmops.errors import RecipeError
from llmops.plain_files import PRIVATE_FOLDER, make_folder
from llmops.vault.crypto import Bundle, check_key
from llmops.vault.keys import KeyProvider
from llmops.vault.store import VaultStore

_KEYED: Final = 1
_KEEP_WEEKDAY: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """Settings of a vault, fixed at creation.

    Args:
        keyed: derive pseudonyms from identifiers with a key. Illegal under Safe Harbor (164.514(c)(1)).
        keep_weekday: move dates by whole weeks.
    """

    keyed: bool = False
    keep_weekday: bool = False

    @property
    def code(self) -> int:
        """Return the mode as stored in the bundle."""
        return self.keyed * _KEYED + self.keep_weekday * _KEEP_WEEKDAY

    @classmethod
    def of(cls, code: int) -> "Mode":
        """Return the mode with a stored code."""
        return cls(keyed=bool(code & _KEYED), keep_weekday=bool(code & _KEEP_WEEKDAY))


class VaultLock:
    """Lock of a vault: shared by all who have it open, exclusive while an operator changes its keys or subjects.

    A separate file beside the vault, since SQLite's locks on a file end when any descriptor on it is closed.
    """

    def __init__(self, path: Path, *, alone: bool) -> None:
        try:
            make_folder(path.parent, PRIVATE_FOLDER)
            lock = path.with_name(f"{path.name}.lock")
            self._descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise RecipeError(f"vault: its lock cannot be made ({os.strerror(error.errno or 0)})") from None
        try:
            fcntl.flock(self._descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError:
            self.release()
            raise RecipeError("vault: in use by a run or another command; wait until it is done") from None

    def release(self) -> None:
        """Release the lock; safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def key_bytes(key: bytes | KeyProvider) -> bytes:
    """Return the key-encryption key from bytes or a provider.

    Raises:
        RecipeError: the key is not available or not valid.
    """
    return check_key(key if isinstance(key, bytes) else key.key())


def open_bundle(store: VaultStore, key: bytes, mode: Mode | None, *, read_only: bool) -> tuple[Bundle, int]:
    """Return the vault's keys and their slot; created if the vault is new.

    Args:
        mode: settings that the vault must have; None accepts any.

    Raises:
        RecipeError: the key does not fit, or the vault has other settings.
    """
    found = [(bundle, slot) for slot, sealed in store.bundles() if (bundle := Bundle.unwrap(key, slot, sealed))]
    if found:
        bundle, slot = found[0]
        if mode is not None and bundle.mode != mode.code:
            raise RecipeError(_other_mode(Mode.of(bundle.mode), mode))
        return bundle, slot
    if store.bundles() or store.subjects() or read_only or mode is None:
        raise RecipeError("vault: the key does not fit; name the key file that the vault was made with")
    with store.transaction():
        if not store.bundles():  # otherwise another process created it first
            store.set_bundle(0, Bundle.new(key, mode.code).wrap(key, 0))
    return open_bundle(store, key, mode, read_only=read_only)


def _other_mode(found: Mode, wanted: Mode) -> str:
    if found.keyed != wanted.keyed:
        return (
            "vault: made for the other kind of pseudonym (random for Safe Harbor, keyed otherwise; 164.514(c)); "
            "name another vault file for this policy"
        )
    return "vault: made with the other kind of date offset (whole weeks or any days); name another vault file"
