"""Commit a shard: write under a temporary name, fsync, rename, then write one done-record that completes it."""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from llmops.documents import Locator, Reason, ScoredDocument, StageName, Withheld
from llmops.errors import ReleaseError, StageError
from llmops.pipeline.ledger import Place
from llmops.pipeline.meters import Meter
from llmops.plain_files import PRIVATE_FILE, PRIVATE_FOLDER, make_folder, replace_file
from llmops.release import ShardFile, read_shard

SCORED = "scored.parquet"
WITHHELD = "withheld.jsonl"
PLACES = "places.jsonl"


@dataclass(frozen=True, slots=True)
class Held:
    """A file or archive member, and its number of records in the shard. PHI."""

    place: Locator = field(repr=False)
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """Result of the index pass over a shard.

    Args:
        source: keyed digest of the input read.
        record_ids: every record, so that a failed shard is still accounted for.
        files: their files, in order.
        refused: position, stage and reason of each record that is withheld: its patients cannot be determined, or it
            stopped its worker.
    """

    source: str
    fingerprint: str
    record_ids: tuple[str, ...]
    files: tuple[Held, ...] = ()
    refused: tuple[tuple[int, str, str], ...] = ()

    def placed(self) -> Iterator[tuple[str, Locator]]:
        """Yield every record id with its file. PHI."""
        places = (held.place for held in self.files for _ in range(held.count))
        return zip(self.record_ids, places, strict=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The done-record of a shard.

    Args:
        source, fingerprint: digests of input and chain (recipe, policies, models, code); resume requires both to match.
        records: number of source records framed.
        read: documents made, plus records withheld before any was made; ``read == scored + withheld``.
        scored_sha256, withheld_sha256: digests of the two data files.
        dropped: items removed by the recipe's ``keep``, counted by rule.
        meters: cost by stage; not compared on resume.
        skipped: whether an earlier start of the run had already finished it.
    """

    shard_id: str
    source: str
    fingerprint: str
    records: int
    read: int
    scored: int
    withheld: int
    scored_sha256: str
    withheld_sha256: str
    dropped: dict[str, int] = field(default_factory=dict)
    meters: tuple[Meter, ...] = ()
    skipped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Work folder of a run in the raw zone: the results of each shard so far."""

    root: Path = field(repr=False)

    def indexed(self, shard_id: str) -> Indexed | None:
        """The shard's index record; None if there is none."""
        data = _read(self._folder(shard_id) / "indexed.json")
        if data is None or "files" not in data:  # an earlier version's record counts as missing
            return None
        return Indexed(
            source=data["source"],
            fingerprint=data["fingerprint"],
            record_ids=tuple(data["record_ids"]),
            files=tuple(Held(Locator(**held["place"]), held["count"]) for held in data["files"]),
            refused=tuple((int(at), str(stage), str(reason)) for at, stage, reason in data["refused"]),
        )

    def mark_indexed(self, shard_id: str, indexed: Indexed) -> None:
        """Record that the shard's identities are durable in the vault."""
        make_folder(self._folder(shard_id), PRIVATE_FOLDER)
        replace_file(self._folder(shard_id) / "indexed.json", orjson.dumps(asdict(indexed)), mode=PRIVATE_FILE)

    def done(self, shard_id: str) -> Done | None:
        """The shard's done-record, if it and its files exist; a killed `remove` may leave the record alone."""
        folder = self._folder(shard_id)
        data = _read(folder / "done.json")
        if data is None or not all((folder / name).exists() for name in (SCORED, WITHHELD, PLACES)):
            return None
        return Done(**{**data, "meters": tuple(Meter(**meter) for meter in data["meters"])})

    def begin(self, shard_id: str) -> "ShardWriter":
        """Start writing a shard; remove the files of an earlier attempt."""
        folder = self._folder(shard_id)
        (folder / "done.json").unlink(missing_ok=True)
        make_folder(folder, PRIVATE_FOLDER)
        return ShardWriter(folder)

    def scored(self, done: Done) -> Iterator[ScoredDocument]:
        """Yield the shard's scored documents.

        Raises:
            ReleaseError: the file's digest differs from the done-record's.
        """
        return read_shard(self._folder(done.shard_id) / SCORED, done.scored_sha256)

    def withheld(self, done: Done) -> Iterator[Withheld]:
        """Yield the shard's withheld records and documents.

        Raises:
            ReleaseError: the file's digest differs from the done-record's.
        """
        data = (self._folder(done.shard_id) / WITHHELD).read_bytes()
        if hashlib.sha256(data).hexdigest() != done.withheld_sha256:
            raise ReleaseError("a shard's list of withheld records is not the one that was written")
        return (_withheld(orjson.loads(line)) for line in data.splitlines())

    def places(self, done: Done) -> Iterator[Place]:
        """Yield the source location of each of the shard's answers. PHI."""
        with (self._folder(done.shard_id) / PLACES).open("rb") as lines:
            for line in lines:
                row = orjson.loads(line)
                yield Place(**{**row, "locator": Locator(**row["locator"])})

    def remove(self) -> None:
        """Remove the run's work files; they hold text that has not passed the gate."""
        shutil.rmtree(self.root, ignore_errors=True)

    def _folder(self, shard_id: str) -> Path:
        return self.root / shard_id


class ShardWriter:
    """Write one attempt at a shard under temporary names; `commit` completes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scored = ShardFile(folder / f"{SCORED}.tmp")
        self._withheld: list[Withheld] = []
        self._places: list[Place] = []

    def write(self, answers: Sequence[ScoredDocument | Withheld], places: Sequence[Locator]) -> None:
        """Write the answers of one batch, each with its record's source location (PHI)."""
        self._scored.write([answer for answer in answers if not isinstance(answer, Withheld)])
        self._withheld.extend(replace(answer, place=None) for answer in answers if isinstance(answer, Withheld))
        self._places.extend(Place.of(answer, place) for answer, place in zip(answers, places, strict=True))

    def finish(self, *, read: int) -> dict[str, int | str]:
        """Make the data durable under its final names.

        Returns:
            Counts and digests for the done-record.

        Raises:
            StageError: the answers do not match the documents read one to one.
        """
        scored = self._scored.close()
        if scored.rows + len(self._withheld) != read:
            raise StageError(f"{read} documents read, but {scored.rows} scored and {len(self._withheld)} withheld")
        (self._folder / f"{SCORED}.tmp").replace(self._folder / SCORED)
        lines = b"".join(orjson.dumps(asdict(withheld)) + b"\n" for withheld in self._withheld)
        replace_file(self._folder / WITHHELD, lines, mode=PRIVATE_FILE)
        places = b"".join(orjson.dumps(asdict(one)) + b"\n" for one in self._places)
        replace_file(self._folder / PLACES, places, mode=PRIVATE_FILE)
        return {
            "scored": scored.rows,
            "withheld": len(self._withheld),
            "scored_sha256": scored.sha256,
            "withheld_sha256": hashlib.sha256(lines).hexdigest(),
        }

    def commit(self, done: Done) -> None:
        """Write the done-record; the shard is then done."""
        replace_file(self._folder / "done.json", orjson.dumps(asdict(done)), mode=PRIVATE_FILE)


def _withheld(row: dict[str, Any]) -> Withheld:
    return Withheld(
        record_id=str(row["record_id"]),
        document_id=None if row["document_id"] is None else str(row["document_id"]),
        stage=StageName(row["stage"]),
        reason=Reason(row["reason"]),
        retryable=bool(row["retryable"]),
    )


def _read(path: Path) -> dict[str, Any] | None:
    try:
        data = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except orjson.JSONDecodeError:
        return None  # torn by a crash before the rename: counts as missing, the shard is redone
    return data if isinstance(data, dict) else None
