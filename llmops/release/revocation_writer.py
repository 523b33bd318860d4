"""Revoke a release or single documents of it: write the signed entries that `revocation` reads."""

import errno
import fcntl
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from llmops.errors import ReleaseError
from llmops.keys import SigningKey
from llmops.plain_files import is_there, make_folder, opened_folder, replace_file, sync_folder
from llmops.release.canonical import canonical
from llmops.release.files import LATEST, point_latest, read_regular, release_folder, writing
from llmops.release.manifest import MANIFEST, parse_manifest
from llmops.release.reader import open_release
from llmops.release.revocation import (
    FORMAT,
    RevocationReason,
    entries_folder,
    entry_name,
    read_revocations,
)
from llmops.release.signing import Purpose, Trust, sign
from llmops.release.status import newest, overview, release_folders


def revoke(
    release: Path, signer: SigningKey, reason: RevocationReason, *, created: str = "", revocations: Path | None = None
) -> Path:
    """Revoke a whole release: no reader opens it any more; its files stay unchanged, even if damaged.

    Args:
        release: the release folder.
        signer: the key that signed the release.
        reason: the reason.
        created: date ``YYYY-MM-DD``.
        revocations: folder of revocations; by default ``revocations`` beside the release folder.

    Returns:
        The entry that was written.

    Raises:
        ReleaseError: not the release's key, an earlier entry does not verify, or the disk cannot be written.
    """
    entry: Mapping[str, object] = {"action": "revoke", "reason": reason.value, "documents": [], "created": created}
    written = _append(release, signer, entry, revocations)
    folder = release_folder(release).parent
    if (folder / LATEST).is_file():
        point_latest(folder, newest(overview(path, (signer.public,)) for path in release_folders(folder)))
    return written


def tombstone(
    release: Path,
    document_ids: Collection[str],
    signer: SigningKey,
    reason: RevocationReason = RevocationReason.ERASURE_REQUEST,
    *,
    created: str = "",
    revocations: Path | None = None,
) -> Path:
    """Tombstone single documents of a release: no reader, index or stream yields them any more.

    Args:
        document_ids: the documents, as in `check_documents`.
        Others: as in `revoke`.

    Raises:
        ReleaseError: as in `revoke` and `check_documents`.
    """
    check_documents(release, document_ids, signer, revocations=revocations)
    entry = {"action": "tombstone", "reason": reason.value, "documents": sorted(set(document_ids)), "created": created}
    return _append(release, signer, entry, revocations)


def check_documents(
    release: Path, document_ids: Collection[str], signer: SigningKey, *, revocations: Path | None = None
) -> None:
    """Refuse ids of no document in a release, so that a typing error is not taken for an erasure.

    Ids of already tombstoned documents are accepted, so that an interrupted call can be repeated.

    Raises:
        ReleaseError: an id is of no document, or the release does not verify under the signer's key.
    """
    opened = open_release(release, (signer.public,), revocations=revocations)
    taken = read_revocations(opened.path, opened.id, Trust((signer.public,)), revocations).tombstones
    unknown = sum(document_id not in opened and document_id not in taken for document_id in set(document_ids))
    if unknown or not document_ids:
        raise ReleaseError(f"release {opened.id}: {unknown} of the {len(document_ids)} ids are of no document in it")


def _append(release: Path, signer: SigningKey, entry: Mapping[str, object], revocations: Path | None) -> Path:
    folder = release_folder(release)
    manifest = parse_manifest(read_regular(folder / MANIFEST, MANIFEST))
    if signer.public.fingerprint != manifest.key:
        raise ReleaseError(f"release {manifest.id} can be taken back only with the key that signed it")
    state = read_revocations(folder, manifest.id, Trust((signer.public,)), revocations)
    body = canonical({"format": FORMAT, "release": manifest.id, "serial": state.size, "previous": state.head, **entry})
    path = entries_folder(folder, manifest.id, revocations) / entry_name(state.size)
    with writing("the revocation list"):
        _publish(path, body + b"\n" + sign(Purpose.REVOCATION, body, signer))
    return path


def _publish(path: Path, data: bytes) -> None:
    """Write a complete entry, or fail if another process wrote it first; never a partial entry."""
    for folder in (path.parents[1], path.parent):
        make_folder(folder)
    with opened_folder(path.parent, within=path.parents[1]) as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        if is_there(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        replace_file(path, data, mode=0o444, within=path.parents[1])
    for folder in (path.parents[1], path.parents[2]):
        sync_folder(folder)
