"""Whether what the log says was published is there as it was published: the manifest, and every file it names."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

import orjson

from llmops.audit.events import ReleasePublished
from llmops.audit.verdict import Finding, Status

MANIFEST: Final = "manifest.json"


def check_artifacts(
    releases: Path, published: Iterable[ReleasePublished], revoked: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Hold release folders against the `ReleasePublished` events that name them.

    Args:
        releases: the folder that holds the release folders, ``<output>/release``.
        published: what a verified log says was published.
        revoked: ids of releases that it says were taken back as a whole; their folders may be gone.

    Returns:
        Nothing where all is there as it was; a missing folder cannot be verified, a changed one is tampered.
    """
    unique = {
        (event.release_id, event.manifest)
        for event in published
        if event.release_id not in revoked or (releases / event.release_id).exists()
    }
    return tuple(finding for release_id, digest in sorted(unique) for finding in _check(releases, release_id, digest))


def _check(releases: Path, release_id: str, digest: str) -> Iterator[Finding]:
    folder = releases / release_id
    if PurePosixPath(release_id).name != release_id or not folder.is_dir():
        yield _finding(Status.CANNOT_VERIFY, release_id, "it was published, but is not there")
        return
    data = _read(folder / MANIFEST)
    if data is None or hashlib.sha256(data).hexdigest() != digest:
        yield _finding(Status.TAMPERED, release_id, "its manifest is not the one that was published")
        return
    changed = sum(_digest(folder, path) != sha256 for path, sha256 in _files(orjson.loads(data)))
    if changed:
        yield _finding(Status.TAMPERED, release_id, f"{changed} of its files are not those that were published")


def _files(node: Any) -> Iterator[tuple[str, str]]:
    """Every path with a digest in a manifest, wherever it stands."""
    if isinstance(node, dict):
        if isinstance(node.get("path"), str) and isinstance(node.get("sha256"), str):
            yield node["path"], node["sha256"]
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _files(item)


def _digest(folder: Path, path: str) -> str:
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        return ""
    try:
        with (folder / path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _finding(status: Status, release_id: str, what: str) -> Finding:
    return Finding(status=status, stream="", what=f"release {release_id}: {what}")
