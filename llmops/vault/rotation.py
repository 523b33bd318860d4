"""Replace a vault's key-encryption key; no crash loses the vault, and pseudonyms stay."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Final

from llmops.errors import RecipeError
from llmops.plain_files import sync_folder
from llmops.vault.crypto import Bundle, VaultKeys, check_key
from llmops.vault.custody import alone
from llmops.vault.keys import FileKey
from llmops.vault.store import SubjectRow, VaultStore
from llmops.vault.wrapped import WrappedKey

_SUFFIX: Final = ".new"


def rotate(path: Path, holder: FileKey | WrappedKey) -> int:
    """Replace the key-encryption key; the old one is destroyed.

    Steps: write a new key beside the old one; in one transaction, seal every subject's key again and wrap the vault's
    keys under both; move the new key over the old one; drop the old wrapping. After a crash at any point, the vault
    opens with the key file as it is, and a second rotation continues. Pseudonyms, offsets and surrogates stay.

    Args:
        path: the vault's file.
        holder: its key, in a plain or wrapped file; the new one is ``<name>.new`` beside it until it replaces
            the old one.

    Returns:
        Number of subjects whose keys were sealed again, as counted in the vault's status: without merged and erased
        ones. 0 if only the end of an earlier rotation was left.

    Raises:
        RecipeError: there is no vault or key, the key does not fit, or the vault is in use.
    """
    fresh = replace(holder, path=holder.path.with_name(holder.path.name + _SUFFIX))
    with alone(path) as store:
        if not holder.path.exists():
            raise RecipeError("vault: its key file is missing; restore it from its backup")
        current = check_key(holder.key())
        if len(store.bundles()) > 1 and not fresh.path.exists():
            _drop_old(store, current)
            return 0
        following = check_key(fresh.key())
        sealed = 0 if _opens(store, following) else _seal_anew(store, current, following)
        _replace(fresh.path, holder.path)
        _drop_old(store, following)
        return sealed


def _opens(store: VaultStore, key: bytes) -> bool:
    return any(Bundle.unwrap(key, slot, sealed) for slot, sealed in store.bundles())


def _seal_anew(store: VaultStore, current: bytes, following: bytes) -> int:
    slot, bundle = _unwrapped(store, current)
    after = bundle.with_new_row_key()
    old, new = VaultKeys(bundle), VaultKeys(after)
    with store.transaction():
        for subject in store.subjects():
            _seal_subject(store, subject, old, new)
        store.set_bundle(slot, after.wrap(current, slot))
        store.set_bundle(1 - slot, after.wrap(following, 1 - slot))
    return store.counts()["subjects"]


def _seal_subject(store: VaultStore, subject: int, old: VaultKeys, new: VaultKeys) -> None:
    row = store.subject(subject)
    assert row is not None
    content = old.unseal_subject(subject, row.root, erased=row.erased, sealed=row.sealed)
    sealed = new.seal_subject(subject, row.root, erased=row.erased, value=content)
    store.put_subject(SubjectRow(subject=subject, root=row.root, erased=row.erased, sealed=sealed))


def _replace(fresh: Path, key_file: Path) -> None:
    try:
        fresh.replace(key_file)
        sync_folder(key_file.parent)
    except OSError as error:
        raise RecipeError(f"vault: the new key cannot take its place ({os.strerror(error.errno or 0)})") from None


def _drop_old(store: VaultStore, key: bytes) -> None:
    slot, _ = _unwrapped(store, key)
    with store.transaction():
        store.drop_bundles(slot)


def _unwrapped(store: VaultStore, key: bytes) -> tuple[int, Bundle]:
    for slot, sealed in store.bundles():
        bundle = Bundle.unwrap(key, slot, sealed)
        if bundle is not None:
            return slot, bundle
    raise RecipeError("vault: the key does not fit; name the key file that the vault was made with")
