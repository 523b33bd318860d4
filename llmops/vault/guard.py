"""Refuse a raw zone or keys that others can read or replace: access control of 45 CFR 164.312(a)."""

import stat
from collections.abc import Iterable
from pathlib import Path

from llmops.errors import RecipeError
from llmops.keys import load_or_create_secret
from llmops.plain_files import PRIVATE_FOLDER, make_folder
from llmops.vault.crypto import check_key


def refuse_open_zone(path: Path) -> None:
    """Refuse a raw zone that every account of the machine can list or enter; a missing one passes.

    A parent folder that keeps others out is sufficient, as it is for the system.

    Raises:
        RecipeError: names the section and the fix.
    """
    if path.is_dir() and _mode(path) & 0o005 and all(_mode(parent) & 0o001 for parent in path.parents):
        raise RecipeError(
            f"raw_zone: everyone on this machine can read {path} (mode {_mode(path):04o}); it holds PHI and keys, "
            f"access to which must be limited (164.312(a)(1)); fix: chmod 700 {path}"
        )


def make_private(path: Path) -> None:
    """Create a raw zone that only its owner can enter; an existing one is left unchanged.

    Raises:
        RecipeError: it cannot be created.
    """
    try:
        make_folder(path, PRIVATE_FOLDER)
    except OSError:
        raise RecipeError(f"raw_zone: {path} cannot be made; name a folder that can be written") from None


def refuse_exposed_keys(folder: Path, *, secrets: Iterable[str], signing: Iterable[str]) -> None:
    """Refuse existing keys that others can read or replace, or that are not random.

    Whoever can write a folder can replace a file in it, even one they cannot read.

    Args:
        folder: the key folder.
        secrets: names of files of random bytes.
        signing: names of files of signing keys.

    Raises:
        RecipeError: names the file or folder, the section and the fix.
    """
    if folder.is_dir() and _mode(folder) & 0o022:
        raise RecipeError(
            f"keys: others can write {folder} (mode {_mode(folder):04o}), and so exchange the keys in it "
            f"(164.312(a)(2)(iv)); fix: chmod 700 {folder}, and make sure that the keys are yours"
        )
    kept = [folder / name for name in secrets if (folder / name).exists()]
    for path in (*kept, *(folder / name for name in signing if (folder / name).exists())):
        if _mode(path) & 0o077:
            raise RecipeError(
                f"keys: others can read {path.name} (mode {_mode(path):04o}); a key that others hold protects nothing "
                f"(164.312(a)(2)(iv)); fix: chmod 600 {path}"
            )
    for path in kept:
        check_key(load_or_create_secret(path))


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
