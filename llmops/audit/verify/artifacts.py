"""Check that published releases are unchanged, and that revocations in the log are in force."""

import hashlib
import os
import stat
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

import orjson

from llmops.audit.events import ReleasePublished, ReleaseRevoked
from llmops.audit.verdict import Finding, Status
from llmops.plain_files import open_file, read_file

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
WHOLE: Final = ""  # the ``document_id`` in `ReleaseRevoked` of a whole release


def check_artifacts(
    releases: Path,
    published: Iterable[ReleasePublished],
    revoked: Iterable[ReleaseRevoked],
    taken_back: Mapping[str, Collection[str]],
) -> tuple[Finding, ...]:
    """Compare release folders with the log events that name them.

    Args:
        releases: the folder of the release folders, ``<output>/release``.
        published: published releases, according to a verified log.
        revoked: revocations, according to the log; the folder of a release revoked as a whole may be missing.
        taken_back: revocations by signed entries, by release id: ids of documents, `WHOLE` for the release.

    Returns:
        Nothing if all is unchanged. A missing folder is cannot-verify, a changed one tampered; so is a release that
        the log says was revoked, in whole or in part, while readers would still serve it.
    """
    withdrawn: dict[str, set[str]] = defaultdict(set)
    for event in revoked:
        withdrawn[event.release_id].add(event.document_id)
    unique = {
        (event.release_id, event.manifest)
        for event in published
        if WHOLE not in withdrawn[event.release_id] or (releases / event.release_id).exists()
    }
    findings = [finding for release_id, digest in sorted(unique) for finding in _check(releases, release_id, digest)]
    for release_id in sorted({release_id for release_id, _ in unique if (releases / release_id).exists()}):
        findings += _unsigned(release_id, withdrawn[release_id], taken_back.get(release_id, ()))
    return tuple(findings)


def _check(releases: Path, release_id: str, digest: str) -> Iterator[Finding]:
    folder = releases / release_id
    if PurePosixPath(release_id).name != release_id or not folder.is_dir():
        yield _finding(Status.CANNOT_VERIFY, release_id, "it was published, but is not there")
        return
    plain, others = _listed(folder)
    data = _read(folder / MANIFEST) if MANIFEST in plain else None
    if data is None or hashlib.sha256(data).hexdigest() != digest:
        yield _finding(Status.TAMPERED, release_id, "its manifest is not the one that was published")
        return
    named = tuple(_files(orjson.loads(data)))
    changed = sum(path not in plain or _digest(folder, path) != sha256 for path, sha256 in named)
    if changed:
        yield _finding(Status.TAMPERED, release_id, f"{changed} of its files are not those that were published")
    wanted = {MANIFEST, SIGNATURE, *(path for path, _ in named)}
    wanted |= {str(parent) for path in wanted for parent in PurePosixPath(path).parents}
    strange = len((others | plain) - wanted)
    if strange:
        yield _finding(Status.TAMPERED, release_id, f"it holds what was never published, or links: {strange}")


def _unsigned(release_id: str, logged: Collection[str], signed: Collection[str]) -> Iterator[Finding]:
    """Yield revocations of the log that no signed entry makes."""
    lacking = set(logged) - set(signed)
    if lacking:
        what = "the whole" if WHOLE in lacking else f"documents: {len(lacking)}"
        how = "its entries were removed, or the command was cut short; take it back again"
        yield _finding(Status.TAMPERED, release_id, f"taken back in the log, but by no signed entry ({what}): {how}")


def _listed(folder: Path) -> tuple[frozenset[str], frozenset[str]]:
    """Return relative paths of the plain files, and of folders, links and special files; no link is followed."""
    if folder.is_symlink():
        return frozenset(), frozenset({folder.name})
    modes = {path.relative_to(folder).as_posix(): path.lstat().st_mode for path in folder.rglob("*")}
    plain = frozenset(path for path, mode in modes.items() if stat.S_ISREG(mode))
    return plain, frozenset(modes) - plain


def _files(node: Any) -> Iterator[tuple[str, str]]:
    """Yield every path with a digest in a manifest, at any depth."""
    if isinstance(node, dict):
        if isinstance(node.get("path"), str) and isinstance(node.get("sha256"), str):
            yield node["path"], node["sha256"]
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _files(item)


def _digest(folder: Path, path: str) -> str:
    try:
        with os.fdopen(open_file(folder / path, within=folder), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _read(path: Path) -> bytes | None:
    try:
        return read_file(path)
    except OSError:
        return None


def _finding(status: Status, release_id: str, what: str) -> Finding:
    return Finding(status=status, stream="", what=f"release {release_id}: {what}")
