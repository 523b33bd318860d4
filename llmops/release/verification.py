"""Verify a release folder: the checks of `open_release` before, and of `Release` while, documents are read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from llmops.errors import ReleaseError
from llmops.keys import VerifyKey
from llmops.release.canonical import digest
from llmops.release.files import Stamp, list_files, read_regular, read_stamped, stamp
from llmops.release.manifest import DATA, MANIFEST, SIGNATURE, FileDigest, Manifest, parse_manifest
from llmops.release.manifest import RECEIPTS as RECEIPTS_FOLDER
from llmops.release.manifest import WITHHELD as WITHHELD_FOLDER
from llmops.release.parts import Part, read_batches, read_column
from llmops.release.revocation import Revocations, read_revocations
from llmops.release.schema import DOCUMENTS, RECEIPTS, WITHHELD
from llmops.release.signing import Purpose, Trust, check

_ID: Final = re.compile(r"[0-9a-f]{16}")
_FOLDERS: Final = frozenset(f"{name}/" for name in (DATA, WITHHELD_FOLDER, RECEIPTS_FOLDER))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The result of verifying a release.

    Args:
        manifest: the signed manifest.
        manifest_digest: SHA-256 (hex) of its bytes.
        key: the key that signed it.
        ids: document ids in the order of the data parts.
        receipts: the receipts in the same order (columns stream, index, leaf).
        offsets: row number of the first document of each data part.
        stamps: by path, the stamps of the hashed files; a file without one is hashed again.
    """

    manifest: Manifest
    manifest_digest: str
    key: VerifyKey
    ids: pa.Array
    receipts: pa.Table
    offsets: tuple[int, ...]
    stamps: Mapping[str, Stamp]


def verify_folder(folder: Path, accepted: Trust, revocations: Path | None) -> Verified:
    """Run all checks that `open_release` promises.

    Raises:
        ReleaseError: a check fails; the message says which.
    """
    files = list_files(folder, folders=True)
    data, key = _signed(folder, files, accepted)
    manifest = parse_manifest(data)
    if manifest.key != key.fingerprint:
        raise ReleaseError(f"release {manifest.id}: signed by another key than its manifest states")
    if _ID.fullmatch(folder.name) and folder.name != manifest.id:
        raise ReleaseError(f"the folder named {folder.name} holds release {manifest.id}")
    _refuse_other_files(files, manifest)
    standing_revocations(folder, manifest.id, key, accepted, revocations)
    stamps: dict[str, Stamp] = {}
    ids, receipts = _check_files(folder, manifest, stamps)
    offsets = tuple(accumulate((part.rows for part in manifest.content.data), initial=0))[:-1]
    return Verified(
        manifest=manifest,
        manifest_digest=digest(data),
        key=key,
        ids=ids,
        receipts=receipts,
        offsets=offsets,
        stamps=MappingProxyType(stamps),
    )


def verify_again(folder: Path, accepted: Trust, revocations: Path | None, before: Verified) -> Verified:
    """Check that a verified folder is unchanged; hashes only files whose stamp changed.

    Signature, revocations and the set of files are always checked again. What stamps cannot show (a faulty disk, a
    superuser who sets back the clock) is detected when the bytes are read, which hashes them each time.

    Returns:
        ``before`` with the current stamps.

    Raises:
        ReleaseError: a check fails; the message says which.
    """
    release_id = before.manifest.id
    files = list_files(folder, folders=True)
    data, _ = _signed(folder, files, accepted)
    if digest(data) != before.manifest_digest:
        raise ReleaseError(f"release {release_id}: its folder now holds another release")
    _refuse_other_files(files, before.manifest)
    standing_revocations(folder, release_id, before.key, accepted, revocations)
    stamps: dict[str, Stamp] = {}
    for item in before.manifest.bound:
        known = before.stamps.get(item.path)
        if known is not None and stamp(folder / item.path) == known:
            stamps[item.path] = known
        else:
            _read(folder, item, stamps)
    return replace(before, stamps=MappingProxyType(stamps))


def standing_revocations(
    folder: Path, release_id: str, key: VerifyKey, accepted: Trust, revocations: Path | None
) -> Revocations:
    """Return the revocations of a release that is not revoked as a whole.

    Raises:
        ReleaseError: the release is revoked, or its revocations do not verify.
    """
    found = read_revocations(folder, release_id, Trust((*accepted.keys, key)), revocations)
    if found.revoked is not None:
        raise ReleaseError(f"release {release_id} has been revoked ({found.revoked.value})")
    return found


def _signed(folder: Path, files: frozenset[str], accepted: Trust) -> tuple[bytes, VerifyKey]:
    if MANIFEST not in files or SIGNATURE not in files:
        raise ReleaseError("the folder is not a release: manifest.json or manifest.sig is missing")
    data = read_regular(folder / MANIFEST, MANIFEST)
    key = check(Purpose.MANIFEST, data, read_regular(folder / SIGNATURE, SIGNATURE), accepted, "the manifest")
    return data, key


def _refuse_other_files(files: frozenset[str], manifest: Manifest) -> None:
    if files != manifest.paths | _FOLDERS:
        raise ReleaseError(f"release {manifest.id}: a file is missing, or there is one, or a folder, never signed")


def _check_files(folder: Path, manifest: Manifest, stamps: dict[str, Stamp]) -> tuple[pa.Array, pa.Table]:
    """Check every file against its digest; return the document ids and, in the same order, their receipts."""
    for item in manifest.files:
        _read(folder, item, stamps)
    ids = []
    for part in manifest.content.data:
        ids.append(read_column(_read(folder, part, stamps), DOCUMENTS, "document_id", part.path))
        _count(len(ids[-1]), part)
    for part in manifest.content.withheld:
        withheld = read_batches(_read(folder, part, stamps), WITHHELD, part.path)
        _count(sum(batch.num_rows for batch in withheld), part)
    receipts: list[pa.RecordBatch] = []
    for part in manifest.receipts:
        batches = list(read_batches(_read(folder, part, stamps), RECEIPTS, part.path))
        _count(sum(batch.num_rows for batch in batches), part)
        receipts.extend(batches)
    return _join(pa.concat_arrays(ids), pa.Table.from_batches(receipts, RECEIPTS), manifest.id)


def _join(ids: pa.Array, receipts: pa.Table, release_id: str) -> tuple[pa.Array, pa.Table]:
    owners = receipts["document_id"].combine_chunks()
    order = pc.index_in(ids, value_set=owners)
    complete = len(ids) == len(owners) and not (ids.null_count or owners.null_count or order.null_count)
    if not complete or pc.count_distinct(ids).as_py() != len(ids) or pc.count_distinct(owners).as_py() != len(owners):
        raise ReleaseError(f"release {release_id}: not exactly one audit receipt for each document")
    return ids, receipts.drop_columns(["document_id"]).take(order)


def _count(rows: int, part: Part) -> None:
    if rows != part.rows:
        raise ReleaseError(f"{part.path} does not hold the number of rows that was signed")


def read_part(folder: Path, part: Part) -> bytes:
    """Read a part and check it: the bytes returned are the bytes that were hashed."""
    return _read(folder, part, {})


def _read(folder: Path, item: Part | FileDigest, stamps: dict[str, Stamp]) -> bytes:
    data, found = read_stamped(folder / item.path, item.path, within=folder)
    if len(data) != item.bytes or digest(data) != item.sha256:
        raise ReleaseError(f"{item.path} was changed after it was signed")
    if found is not None:
        stamps[item.path] = found
    return data
