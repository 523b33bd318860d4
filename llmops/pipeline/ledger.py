"""The ledger of a run: input location and decision for each id. PHI; never leaves the raw zone."""

import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Self

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from llmops.documents import Locator, ScoredDocument, Withheld
from llmops.plain_files import PRIVATE_FILE, PRIVATE_FOLDER, make_folder, open_file, replace_file, sync_folder

_ABOUT: Final = "about.json"
_PLACES: Final = "places.parquet"
_DECISIONS: Final = "decisions.parquet"
_ROWS: Final = 10_000
_TEMPORARY: Final = ".tmp-"


NOWHERE: Final = Locator(container="")
"""Replaces the locator of an erased subject's document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Source location of a record or document. PHI.

    Args:
        record_id, document_id: its ids; document id empty where the record yielded none.
        locator: file, member and range.
        content_key, body_key: keyed hashes shared by documents with the same text, with and without the title; empty if
            withheld before the gate.
        subject: pseudonym of its patient, or empty.
    """

    record_id: str
    document_id: str = ""
    locator: Locator = field(repr=False)
    content_key: str = ""
    body_key: str = ""
    subject: str = ""

    @classmethod
    def of(cls, answer: ScoredDocument | Withheld, locator: Locator) -> "Place":
        """Build the place of one stage answer."""
        place = cls(record_id=answer.record_id, document_id=answer.document_id or "", locator=locator)
        if isinstance(answer, Withheld):
            return place
        return replace(place, content_key=answer.content_key, body_key=answer.body_key, subject=answer.subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Decision on a record or document; no reason means released.

    Args:
        duplicate_of: the duplicate that was kept.
    """

    record_id: str
    document_id: str = ""
    stage: str = ""
    reason: str = ""
    duplicate_of: str = ""


_LOCATOR: Final = pa.struct(
    {
        "container": pa.string(),
        "root": pa.int64(),
        "member": pa.string(),
        "start": pa.int64(),
        "end": pa.int64(),
        "rows": pa.bool_(),
    }
)
_PLACE_SCHEMA: Final = pa.schema(
    [(one.name, _LOCATOR if one.name == "locator" else pa.string()) for one in fields(Place)]
)
_DECISION_SCHEMA: Final = pa.schema([(one.name, pa.string()) for one in fields(Decision)])


class LedgerWriter:
    """Write the ledger of one start of a run under a temporary name; `keep` completes it.

    Args:
        root: ``<raw_zone>/ledger``.
        name: the start's main audit stream.
        output: token of the output folder; other runs of the raw zone may write their own ledgers.
    """

    def __init__(self, root: Path, name: str, *, output: str) -> None:
        self._root, self._name, self._output = root, name, output
        self._folder = root / f"{_TEMPORARY}{output}-{name}"
        make_folder(root, PRIVATE_FOLDER)
        for leftover in root.glob(f"{_TEMPORARY}{output}-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        make_folder(self._folder, PRIVATE_FOLDER)
        self._places = _Rows(self._folder / _PLACES, _PLACE_SCHEMA)
        self._decisions = _Rows(self._folder / _DECISIONS, _DECISION_SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def place(self, place: Place) -> None:
        """Add a location."""
        self._places.add(asdict(place))

    def decide(self, decision: Decision) -> None:
        """Add a decision."""
        self._decisions.add(asdict(decision))

    def keep(self, release_id: str) -> None:
        """Make the ledger durable; remove the output's ledgers it replaces: of the same release, or of none.

        Args:
            release_id: the release about to be published; empty for none.
        """
        self._places.close()
        self._decisions.close()
        about = orjson.dumps({"output": self._output, "release": release_id})
        replace_file(self._folder / _ABOUT, about, mode=PRIVATE_FILE)
        self._folder.rename(self._root / self._name)
        sync_folder(self._root)
        for other in ledgers(self._root):
            replaced = other.output == self._output and other.release in ("", release_id)
            if replaced and other.name != self._name:
                shutil.rmtree(other.folder, ignore_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A completed ledger.

    Args:
        output: token of the output folder.
        release: id of the release; empty where nothing was published.
    """

    folder: Path = field(repr=False)
    output: str
    release: str

    @property
    def name(self) -> str:
        """The main audit stream of the start that wrote it."""
        return self.folder.name

    def places(self, record_ids: Collection[str] = ()) -> Iterator[Place]:
        """Yield the locations of these records, or of all."""
        for row in _read(self.folder / _PLACES, _PLACE_SCHEMA, record_ids):
            yield Place(**{**row, "locator": Locator(**row["locator"])})

    def decisions(self, record_ids: Collection[str] = ()) -> Iterator[Decision]:
        """Yield the decisions on these records, or on all, in id order."""
        for row in _read(self.folder / _DECISIONS, _DECISION_SCHEMA, record_ids):
            yield Decision(**row)

    def forget(self, subjects: Collection[str]) -> None:
        """Blank the locations of these subjects' documents, as a file name may identify a person. Their keys stay.

        Args:
            subjects: pseudonyms.
        """
        places = list(self.places())
        if not any(_names(place, subjects) for place in places):
            return
        temporary = self.folder / f".{_PLACES}"
        temporary.unlink(missing_ok=True)  # left by a killed command
        rows = _Rows(temporary, _PLACE_SCHEMA)
        for place in places:
            rows.add(asdict(replace(place, locator=NOWHERE) if place.subject in subjects else place))
        rows.close()
        temporary.replace(self.folder / _PLACES)
        sync_folder(self.folder)


def _names(place: Place, subjects: Collection[str]) -> bool:
    return place.subject in subjects and place.locator != NOWHERE


def ledgers(root: Path) -> tuple[Ledger, ...]:
    """List the ledgers of a raw zone, newest last.

    Args:
        root: ``<raw_zone>/ledger``.
    """
    found = [path for path in root.glob(f"*/{_ABOUT}") if not path.parent.name.startswith(_TEMPORARY)]
    found.sort(key=lambda path: path.stat().st_mtime_ns)
    return tuple(Ledger(folder=path.parent, **orjson.loads(path.read_bytes())) for path in found)


class _Rows:
    """Buffer rows for a Parquet file."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        self._sink = os.fdopen(open_file(path, flags, mode=PRIVATE_FILE), "wb")
        self._file = pq.ParquetWriter(self._sink, schema, compression="zstd")
        self._pending: list[Mapping[str, Any]] = []

    def add(self, row: Mapping[str, Any]) -> None:
        self._pending.append(row)
        if len(self._pending) >= _ROWS:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._file.close()
        self._sink.flush()
        os.fsync(self._sink.fileno())
        self._sink.close()

    def _flush(self) -> None:
        if self._pending:
            self._file.write_batch(pa.RecordBatch.from_pylist(self._pending, schema=self._schema))
        self._pending = []


def _read(path: Path, schema: pa.Schema, record_ids: Collection[str]) -> Iterator[Mapping[str, Any]]:
    wanted: Sequence[tuple[str, str, Any]] | None = [("record_id", "in", sorted(record_ids))] if record_ids else None
    table = pq.read_table(path, schema=schema, filters=wanted)
    for batch in table.to_batches(max_chunksize=_ROWS):
        yield from batch.to_pylist()
