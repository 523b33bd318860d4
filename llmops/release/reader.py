"""Open a release: signature, digests, receipts and revocations are checked before any document is read."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, final
from weakref import WeakSet

import pyarrow as pa
import pyarrow.compute as pc

from llmops.documents import Receipt, ReleasedDocument, Withheld
from llmops.errors import ReleaseError
from llmops.keys import VerifyKey
from llmops.release.files import release_folder
from llmops.release.manifest import Manifest
from llmops.release.parts import read_batches
from llmops.release.revocation import Revocations
from llmops.release.schema import DOCUMENTS, WITHHELD, released_from_batch, withheld_from_batch
from llmops.release.signing import Trust, trust
from llmops.release.verification import Verified, read_part, standing_revocations, verify_again, verify_folder

_TOKEN: Final = object()


def open_release(
    path: Path | str, trusted_keys: Sequence[VerifyKey | Path] = (), *, revocations: Path | None = None
) -> "Release":
    """Open a release folder after verifying all of it; the only way to get a `Release`.

    Checks: the signature; the digest of every file, and that no other files exist; exactly one receipt per document and
    one document per receipt; that the id matches the content; row counts; that no revocation applies.

    Args:
        path: the folder, ``<output>/release/<id>``, or ``.../latest``.
        trusted_keys: accepted public keys (or their files). Without any, the key named in the release is used: changes
            are detected, but not a release made by somebody else (``pinned`` is False).
        revocations: folder of revocations, for a release that was copied without them.

    Raises:
        ReleaseError: a check fails; the message says which.
        RecipeError: a trusted key cannot be read.
    """
    folder = release_folder(path)
    accepted = trust(trusted_keys)
    return Release(_TOKEN, folder, accepted, revocations, verify_folder(folder, accepted, revocations))


@final
class Release:
    """A verified release. Made by `open_release` alone; cannot be constructed, subclassed, copied or pickled."""

    __slots__ = ("__weakref__", "_folder", "_held", "_parts", "_revocations", "_rows", "_state", "_trust")

    def __init__(self, token: object, folder: Path, accepted: Trust, revocations: Path | None, state: Verified) -> None:
        if token is not _TOKEN:
            raise ReleaseError("a Release is made by open_release, which verifies it, and by nothing else")
        self._folder = folder
        self._trust = accepted
        self._revocations = revocations
        self._state = state
        self._rows: dict[str, int] | None = None
        self._parts: dict[int, pa.Table] = {}
        self._held = 1
        _OPENED.add(self)

    def __init_subclass__(cls, **_: Any) -> NoReturn:
        raise ReleaseError("Release cannot be subclassed")

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise ReleaseError("a Release cannot be pickled or copied: open it where it is used")

    def __repr__(self) -> str:
        return f"Release(id={self.id!r}, documents={self._state.manifest.rows})"

    def __len__(self) -> int:
        """Return the number of documents, without tombstoned ones."""
        tombstones = self._standing().tombstones
        return len(self._state.ids) - sum(document_id in self._index() for document_id in tombstones)

    def __contains__(self, document_id: object) -> bool:
        """Whether the release holds a document with that id, not tombstoned."""
        return document_id in self._index() and document_id not in self._standing().tombstones

    @property
    def id(self) -> str:
        """Return the id of its content."""
        return self._opened().manifest.id

    @property
    def path(self) -> Path:
        """Return the folder, absolute."""
        return self._folder

    @property
    def manifest(self) -> Manifest:
        """Return the signed manifest."""
        return self._opened().manifest

    @property
    def revocations(self) -> Path | None:
        """Return the folder of revocations given at opening, or None for the one beside the release."""
        return self._revocations

    @property
    def key(self) -> VerifyKey:
        """Return the key that verified the release."""
        return self._opened().key

    @property
    def pinned(self) -> bool:
        """Whether the caller named the key as trusted; otherwise the release named it itself."""
        return self._trust.pinned

    @property
    def part_rows(self) -> tuple[int, ...]:
        """Return the number of documents in each data part, including tombstoned ones."""
        return tuple(part.rows for part in self._opened().manifest.content.data)

    def verify(self) -> None:
        """Repeat all checks. Fast: a file that has not changed since it was hashed is not hashed again.

        Raises:
            ReleaseError: the folder is no longer the release that was opened, or was revoked since.
        """
        before = self._opened()
        self._state = verify_again(self._folder, self._trust, self._revocations, before)

    def documents(self) -> Iterator[ReleasedDocument]:
        """Yield the documents in release order, each with its receipt; tombstoned ones are skipped.

        Raises:
            ReleaseError: a part is no longer the signed one, or the release was revoked.
        """
        for start, batch in self._batches():
            found = self._released(batch, range(start, start + batch.num_rows))
            tombstones = self._standing().tombstones
            yield from (document for document in found if document.document_id not in tombstones)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the documents as Arrow batches (schema `llmops.release.schema.DOCUMENTS`); otherwise as `documents`."""
        for _, batch in self._batches():
            yield self._standing_rows(batch)

    def document(self, document_id: str) -> ReleasedDocument:
        """Return one document.

        Raises:
            ReleaseError: the release holds no document with that id (any more), or as `documents`.
        """
        row = self._index().get(document_id)
        found = None if row is None else self.take([row])[0]
        if found is None:
            raise ReleaseError(f"release {self.id} holds no such document")
        return found

    def take(self, rows: Sequence[int], *, parts_in_memory: int = 1) -> tuple[ReleasedDocument | None, ...]:
        """Return the documents at row numbers of the release, in that order; None for a tombstoned one.

        Args:
            rows: zero-based, counted over all parts (`part_rows`).
            parts_in_memory: data parts to keep decoded for later calls.

        Raises:
            ReleaseError: as `documents`.
        """
        self._held = max(self._held, parts_in_memory)
        offsets = self._opened().offsets
        wanted: dict[int, list[int]] = {}
        for row in rows:
            wanted.setdefault(bisect_right(offsets, row) - 1, []).append(row)
        found: dict[int, ReleasedDocument] = {}
        for number, members in wanted.items():
            local = pa.array([row - offsets[number] for row in members], pa.int64())
            batch = self._part(number).take(local).combine_chunks().to_batches()[0]
            found.update(zip(members, self._released(batch, members), strict=True))
        tombstones = self._standing().tombstones
        return tuple(None if found[row].document_id in tombstones else found[row] for row in rows)

    def withheld(self) -> Iterator[Withheld]:
        """Yield withheld records and documents with reasons: ids and codes."""
        for part in self._opened().manifest.content.withheld:
            for batch in read_batches(read_part(self._folder, part), WITHHELD, part.path):
                yield from withheld_from_batch(batch)

    def _opened(self) -> Verified:
        # An object made by object.__new__ was never opened; this check protects it, not the constructor.
        if self not in _OPENED:
            raise ReleaseError("a Release is made by open_release, which verifies it, and by nothing else")
        return self._state

    def _standing(self) -> Revocations:
        state = self._opened()
        return standing_revocations(self._folder, state.manifest.id, state.key, self._trust, self._revocations)

    def _batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        start = 0
        for part in self._opened().manifest.content.data:
            self._standing()
            for batch in read_batches(read_part(self._folder, part), DOCUMENTS, part.path):
                yield start, batch
                start += batch.num_rows

    def _released(self, batch: pa.RecordBatch, rows: Sequence[int]) -> tuple[ReleasedDocument, ...]:
        receipts = self._opened().receipts.take(pa.array(rows, pa.int64())).to_pylist()
        return released_from_batch(batch, [Receipt(**receipt) for receipt in receipts])

    def _part(self, number: int) -> pa.Table:
        """Return a decoded data part, from the exact bytes whose digest was checked; caches the last few."""
        table = self._parts.get(number)
        if table is None:
            part = self._opened().manifest.content.data[number]
            batches = read_batches(read_part(self._folder, part), DOCUMENTS, part.path)
            table = pa.Table.from_batches(batches, DOCUMENTS).combine_chunks()
            kept = list(self._parts.items())[max(0, len(self._parts) + 1 - self._held) :]
            # Replaced as a whole, so that concurrent readers each see a complete dict.
            self._parts = {**dict(kept), number: table}
        return table

    def _standing_rows(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        tombstones = self._standing().tombstones
        if not tombstones:
            return batch
        return batch.filter(
            pc.invert(pc.is_in(batch["document_id"], value_set=pa.array(sorted(tombstones), pa.string())))
        )

    def _index(self) -> dict[str, int]:
        if self._rows is None:
            self._rows = {document_id: row for row, document_id in enumerate(self._opened().ids.to_pylist())}
        return self._rows


_OPENED: Final["WeakSet[Release]"] = WeakSet()


def verified(candidate: object) -> Release:
    """Return a release after repeating all checks: the guard of everything that reads released documents.

    Stricter than ``isinstance``, which an object can pass by claiming ``__class__``.

    Raises:
        ReleaseError: not an opened release (a path, a folder, documents), or one that no longer verifies.
    """
    if type(candidate) is not Release:
        raise ReleaseError("only an opened release is accepted: pass what open_release(path) returns")
    candidate.verify()
    return candidate
