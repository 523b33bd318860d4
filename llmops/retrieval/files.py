"""Writes a folder whole or not at all, and knows a folder by the digests of its files."""

import fcntl
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from llmops.errors import ReleaseError
from llmops.release.files import sync


def file_digests(folder: Path) -> dict[str, str]:
    """The hex SHA-256 of every file under a folder, by relative POSIX path, sorted."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _digest(path) for path in paths}


def index_place(release: Path, release_id: str) -> Path:
    """Where a run puts the index of a release folder: beside the release folders, since a release never changes."""
    return release.parents[1] / "index" / release_id


def remove_folder(folder: Path) -> None:
    """Remove a folder that `replace_folder` wrote, and what it left where it was killed.

    Raises:
        ReleaseError: one of them cannot be removed.
    """
    try:
        for path in (folder, *folder.parent.glob(f".{folder.name}.*")):
            if path.is_dir():
                shutil.rmtree(path)
    except OSError as error:
        raise ReleaseError(f"index {folder.name}: cannot be removed ({os.strerror(error.errno or 0)})") from None


@contextmanager
def only_builder(folder: Path) -> Iterator[None]:
    """Wait until nobody else builds beside ``folder``, and let others wait; a killed process holds nothing up.

    Raises:
        ReleaseError: the folder it is to lie in cannot be made or opened.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder.parent, os.O_RDONLY)
    except OSError as error:
        raise _unwritable(folder, error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Let ``fill`` write a new folder beside ``folder``, make it durable, then put it in place by rename.

    A reader sees the old folder, for an instant none, or the new one; never a half-written one.

    Raises:
        ReleaseError: it cannot be written.
    """
    mark = uuid.uuid4().hex
    fresh, old = (folder.with_name(f".{folder.name}.{kind}-{mark}") for kind in ("new", "old"))
    try:
        fresh.mkdir(parents=True)
        fill(fresh)
        _sync_tree(fresh)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        sync(folder.parent)
    except OSError as error:
        raise _unwritable(folder, error) from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _unwritable(folder: Path, error: OSError) -> ReleaseError:
    return ReleaseError(f"index {folder.name}: cannot be written ({os.strerror(error.errno or 0)})")


def _sync_tree(folder: Path) -> None:
    for path in folder.rglob("*"):
        sync(path)
    sync(folder)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
