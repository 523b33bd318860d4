"""Opens a vault's file: the lock, the key bundle, and what the vault was made for."""

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
    """What a vault is made for, once and for good.

    Args:
        keyed: derive pseudonyms from identifiers with a key. Illegal under Safe Harbor (164.514(c)(1)).
        keep_weekday: move dates by whole weeks.
    """

    keyed: bool = False
    keep_weekday: bool = False

    @property
    def code(self) -> int:
        """The mode as the bundle holds it."""
        return self.keyed * _KEYED + self.keep_weekday * _KEEP_WEEKDAY

    @classmethod
    def of(cls, code: int) -> "Mode":
        """The mode that `code` gave."""
        return cls(keyed=bool(code & _KEYED), keep_weekday=bool(code & _KEEP_WEEKDAY))


class VaultLock:
    """Shared by everyone who has a vault open; alone with it while its keys or subjects are changed by hand.

    A file of its own beside the vault, since SQLite's locks on a file end when any descriptor on it is closed.
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
        """Let others in; safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def key_bytes(key: bytes | KeyProvider) -> bytes:
    """The key-encryption key, from whoever holds it.

    Raises:
        RecipeError: it cannot be had, or is none.
    """
    return check_key(key if isinstance(key, bytes) else key.key())


def open_bundle(store: VaultStore, key: bytes, mode: Mode | None, *, read_only: bool) -> tuple[Bundle, int]:
    """The vault's keys and the slot they lie in; made where the vault is new.

    Args:
        mode: what the vault must have been made for; None takes it as it is.

    Raises:
        RecipeError: the key does not fit, or the vault was made for something else.
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
        if not store.bundles():  # else another process was quicker
            store.set_bundle(0, Bundle.new(key, mode.code).wrap(key, 0))
    return open_bundle(store, key, mode, read_only=read_only)


def _other_mode(found: Mode, wanted: Mode) -> str:
    if found.keyed != wanted.keyed:
        return (
            "vault: made for the other kind of pseudonym (random for Safe Harbor, keyed otherwise; 164.514(c)); "
            "name another vault file for this policy"
        )
    return "vault: made with the other kind of date offset (whole weeks or any days); name another vault file"
