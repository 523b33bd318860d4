"""The commit of a shard: data under a temporary name, fsync, rename, then one done-record that says it is whole."""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from llmops.audit.disk import replace_durably
from llmops.documents import Reason, ScoredDocument, StageName, Withheld
from llmops.errors import ReleaseError, StageError
from llmops.pipeline.meters import Meter
from llmops.release import ShardFile, read_shard

SCORED = "scored.parquet"
WITHHELD = "withheld.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """What the index pass found in a shard.

    Args:
        source: keyed digest of the input it saw.
        record_ids: every record, so that a shard that cannot be processed is still accounted for.
    """

    source: str
    fingerprint: str
    record_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The done-record of a shard.

    Args:
        source, fingerprint: input and chain (recipe, policies, models, code) it was made from; resume needs both equal.
        records: source records framed.
        read: documents they became, with records withheld before they became any; ``read == scored + withheld``.
        scored_sha256, withheld_sha256: digests of the two files beside the record.
        dropped: what the recipe's ``keep`` took away, counted by rule.
        meters: cost by stage; not part of what is compared on resume.
        skipped: whether an earlier start of the run had done it.
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
    """The run's own folder in the raw zone: what each shard has come to so far."""

    root: Path = field(repr=False)

    def indexed(self, shard_id: str) -> Indexed | None:
        """What the index pass recorded for the shard, if it has been done."""
        data = _read(self._folder(shard_id) / "indexed.json")
        if data is None:
            return None
        return Indexed(source=data["source"], fingerprint=data["fingerprint"], record_ids=tuple(data["record_ids"]))

    def mark_indexed(self, shard_id: str, indexed: Indexed) -> None:
        """Record that the shard's identities are durable in the vault."""
        self._folder(shard_id).mkdir(parents=True, exist_ok=True)
        replace_durably(self._folder(shard_id) / "indexed.json", orjson.dumps(asdict(indexed)))

    def done(self, shard_id: str) -> Done | None:
        """The shard's done-record, if it has one and its files are there: of a killed `remove` it may be left alone."""
        folder = self._folder(shard_id)
        data = _read(folder / "done.json")
        if data is None or not (folder / SCORED).exists() or not (folder / WITHHELD).exists():
            return None
        return Done(**{**data, "meters": tuple(Meter(**meter) for meter in data["meters"])})

    def begin(self, shard_id: str) -> "ShardWriter":
        """Start writing a shard; what an earlier attempt left is removed."""
        folder = self._folder(shard_id)
        (folder / "done.json").unlink(missing_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        return ShardWriter(folder)

    def scored(self, done: Done) -> Iterator[ScoredDocument]:
        """The shard's scored documents.

        Raises:
            ReleaseError: the file is not the one the done-record names.
        """
        return read_shard(self._folder(done.shard_id) / SCORED, done.scored_sha256)

    def withheld(self, done: Done) -> Iterator[Withheld]:
        """What the shard withheld.

        Raises:
            ReleaseError: the file is not the one the done-record names.
        """
        data = (self._folder(done.shard_id) / WITHHELD).read_bytes()
        if hashlib.sha256(data).hexdigest() != done.withheld_sha256:
            raise ReleaseError("a shard's list of withheld records is not the one that was written")
        return (_withheld(orjson.loads(line)) for line in data.splitlines())

    def remove(self) -> None:
        """Remove the run's work files; they hold text that has not passed the gate."""
        shutil.rmtree(self.root, ignore_errors=True)

    def _folder(self, shard_id: str) -> Path:
        return self.root / shard_id


class ShardWriter:
    """Writes one attempt at a shard under temporary names; `commit` makes it whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scored = ShardFile(folder / f"{SCORED}.tmp")
        self._withheld: list[Withheld] = []

    def write(self, answers: Sequence[ScoredDocument | Withheld]) -> None:
        """Write the answers of one batch."""
        self._scored.write([answer for answer in answers if not isinstance(answer, Withheld)])
        self._withheld.extend(answer for answer in answers if isinstance(answer, Withheld))

    def finish(self, *, read: int) -> dict[str, int | str]:
        """Make the data durable under its final names.

        Returns:
            Counts and digests for the done-record.

        Raises:
            StageError: what was written is not one answer for each document read.
        """
        scored = self._scored.close()
        if scored.rows + len(self._withheld) != read:
            raise StageError(f"{read} documents read, but {scored.rows} scored and {len(self._withheld)} withheld")
        (self._folder / f"{SCORED}.tmp").replace(self._folder / SCORED)
        lines = b"".join(orjson.dumps(asdict(withheld)) + b"\n" for withheld in self._withheld)
        replace_durably(self._folder / WITHHELD, lines)
        return {
            "scored": scored.rows,
            "withheld": len(self._withheld),
            "scored_sha256": scored.sha256,
            "withheld_sha256": hashlib.sha256(lines).hexdigest(),
        }

    def commit(self, done: Done) -> None:
        """Write the done-record: from now on the shard is done."""
        replace_durably(self._folder / "done.json", orjson.dumps(asdict(done)))


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
        return None  # torn by a crash before this protocol could rename it: as good as absent, the shard is redone
    return data if isinstance(data, dict) else None
