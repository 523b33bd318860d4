"""Training feed: iterate over a verified release with exact shuffling, sharding and resumption."""

import sys
from collections.abc import Iterator, Mapping, MutableSequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from llmops.documents import ReleasedDocument
from llmops.errors import MissingExtraError, RecipeError
from llmops.keys import VerifyKey
from llmops.release import Release, open_release, verified
from llmops.training.order import Order, StreamShard
from llmops.training.windows import Window, windows

if TYPE_CHECKING:
    from llmops.training.torch_dataset import TorchStream

_VERSION: Final = 1
_LOOKAHEAD: Final = 64
_STATEFUL: Final = "torchdata.stateful_dataloader.StatefulDataLoader keeps it (state_dict, load_state_dict)"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamConfig:
    """Settings for reading a release in training.

    Args:
        window_tokens: yield windows of that many whitespace tokens; None yields whole documents.
        stride: tokens from one window to the next, at most ``window_tokens``; None means no overlap.
        seed: key of the shuffle, with the epoch.
        shuffle: False keeps the release's order.
        rank, world_size: index of this process, and number of processes, of the job.
        parts_in_memory: data files held and shuffled together; a release with no more files is shuffled as a whole.
    """

    window_tokens: int | None = None
    stride: int | None = None
    seed: int = 0
    shuffle: bool = True
    rank: int = 0
    world_size: int = 1
    parts_in_memory: int = 4

    def __post_init__(self) -> None:
        if self.window_tokens is not None and self.window_tokens < 1:
            raise RecipeError("stream: window_tokens must be 1 or more, or None for whole documents")
        if self.stride is not None and not 1 <= self.stride <= (self.window_tokens or 0):
            raise RecipeError("stream: stride must be from 1 to window_tokens, or tokens would be left out")
        if not 0 <= self.rank < self.world_size:
            raise RecipeError("stream: rank must be from 0 to world_size - 1")
        if self.parts_in_memory < 1:
            raise RecipeError("stream: parts_in_memory must be 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cursor:
    """A reader's position: finished documents, finished windows of the next one, and the DataLoader worker's index."""

    documents: int = 0
    windows: int = 0
    worker: int = 0
    workers: int = 1


def stream(
    release: Release,
    *,
    window_tokens: int | None = None,
    stride: int | None = None,
    seed: int = 0,
    shuffle: bool = True,
    rank: int = 0,
    world_size: int = 1,
    epoch: int = 0,
    parts_in_memory: int = 4,
) -> "ReleaseStream":
    """Return an iterable over the documents of a verified release, or over windows of their text.

    All ranks, and all torch ``DataLoader`` workers inside a rank, together read every document exactly once per epoch.
    Shares of documents differ by at most 1; shares of windows may differ more.

    Args:
        release: result of `llmops.open_release`; verified again. Nothing else is accepted.
        epoch: the first epoch; see `ReleaseStream.set_epoch`.
        Others: as in `StreamConfig`.

    Raises:
        ReleaseError: not an opened release, or one that no longer verifies.
        RecipeError: an argument is out of range.
    """
    config = StreamConfig(
        window_tokens=window_tokens,
        stride=stride,
        seed=seed,
        shuffle=shuffle,
        rank=rank,
        world_size=world_size,
        parts_in_memory=parts_in_memory,
    )
    return ReleaseStream(release, config, epoch)


class ReleaseStream:
    """Yield `ReleasedDocument` or `Window`, in an order that depends on seed and epoch alone.

    Each ``iter()`` starts the epoch, except the first after `load_state_dict`, which resumes there. Holds the release's
    ids and a few data files, never all text.
    """

    def __init__(self, release: Release, config: StreamConfig, epoch: int = 0) -> None:
        self._release = verified(release)
        self._config = config
        self._epoch = epoch
        self._cursor = _Cursor()
        self._resume: _Cursor | None = None
        self._in_workers: MutableSequence[bool] | None = None

    def __iter__(self) -> Iterator[ReleasedDocument | Window]:
        worker, workers = _torch_worker() or (0, 1)
        cursor = self._resume or _Cursor(worker=worker, workers=workers)
        if (cursor.worker, cursor.workers) != (worker, workers):
            raise RecipeError(
                "stream: the state is that of another DataLoader worker, or of another number of them; give the state "
                f"of the loader to a loader with as many: {_STATEFUL}"
            )
        if self._in_workers is not None:
            self._in_workers[0] = _torch_worker() is not None
        self._resume = None
        self._cursor = cursor
        for document in self._documents(cursor):
            yield from self._items(document)
            self._cursor = replace(self._cursor, documents=self._cursor.documents + 1, windows=0)

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch of the next ``iter()``; a loaded state of another epoch is dropped."""
        if epoch != self._epoch:
            self._epoch = epoch
            self._cursor, self._resume = _Cursor(), None

    def state_dict(self) -> dict[str, Any]:
        """Return, as plain values, the resume position after the last yielded item.

        Raises:
            RecipeError: DataLoader workers read the stream, so this process does not know their positions.
        """
        if self._in_workers is not None and self._in_workers[0] and _torch_worker() is None:
            raise RecipeError(
                "stream: the workers of a DataLoader read this stream, and only they know how far they are; take the "
                f"state of the loader: {_STATEFUL}, or read with num_workers=0"
            )
        return {**self._identity(), "epoch": self._epoch, **asdict(self._resume or self._cursor)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Resume the next ``iter()`` exactly at ``state``.

        Raises:
            RecipeError: the state is from another release or from other settings; names the difference.
        """
        for name, value in self._identity().items():
            if name not in state or state[name] != value:
                raise RecipeError(f"stream: the state is of another stream: {name} differs")
        numbers: dict[str, Any] = {name: state.get(name) for name in ("epoch", *_Cursor.__dataclass_fields__)}
        if not all(isinstance(number, int) and number >= 0 for number in numbers.values()):
            raise RecipeError("stream: the state is not one that state_dict gave")
        self._epoch = numbers.pop("epoch")
        cursor = _Cursor(**numbers)
        # A state of the very beginning fits any worker.
        self._cursor, self._resume = _Cursor(), cursor if cursor.documents or cursor.windows else None

    def share(self, in_workers: MutableSequence[bool]) -> MutableSequence[bool]:
        """Share a flag between the processes that read this stream: whether workers do; return the flag.

        Args:
            in_workers: one flag in shared memory; the first one given is kept.
        """
        if self._in_workers is None:
            self._in_workers = in_workers
        return self._in_workers

    def torch(self, fields: tuple[str, ...] | None = None) -> "TorchStream":
        """Return this stream as a torch ``IterableDataset`` of plain dicts for torch's default collation.

        Args:
            fields: document attributes to include in each dict, ``("document_id", "text")`` by default; windows have
                four fixed fields.

        Raises:
            MissingExtraError: torch is not installed.
            RecipeError: a document has no such attribute, or fields were given for windows.
        """
        try:
            from llmops.training.torch_dataset import TorchStream  # noqa: PLC0415 - torch only on request
        except ImportError:
            raise MissingExtraError("torch is not installed: pip install 'clinical-llmops[train]'") from None
        return TorchStream(self, _checked_fields(fields, windowed=self._config.window_tokens is not None))

    def __reduce__(self) -> tuple[Any, ...]:
        # Spawned DataLoader workers get the path, and verify the release again with the key it was opened with.
        release = self._release
        return _reopen, (str(release.path), release.key, release.revocations, self._config, self.state_dict())

    def _identity(self) -> dict[str, Any]:
        return {"version": _VERSION, "release": self._release.id, **asdict(self._config)}

    def _documents(self, cursor: _Cursor) -> Iterator[ReleasedDocument | None]:
        config = self._config
        shard = StreamShard(
            number=config.rank * cursor.workers + cursor.worker, count=config.world_size * cursor.workers
        )
        order = Order(
            part_rows=self._release.part_rows,
            seed=config.seed,
            epoch=self._epoch,
            shuffle=config.shuffle,
            parts_in_memory=config.parts_in_memory,
        )
        for rows in order.rows(shard, cursor.documents):
            for start in range(0, len(rows), _LOOKAHEAD):
                ahead = rows[start : start + _LOOKAHEAD].tolist()
                yield from self._release.take(ahead, parts_in_memory=config.parts_in_memory)

    def _items(self, document: ReleasedDocument | None) -> Iterator[ReleasedDocument | Window]:
        """Yield the rest of one document; the cursor moves before each item, so that it counts yielded items."""
        if document is None:
            return
        for number, item in enumerate(self._views(document)):
            if number >= self._cursor.windows:
                self._cursor = replace(self._cursor, windows=number + 1)
                yield item

    def _views(self, document: ReleasedDocument) -> Iterator[ReleasedDocument | Window]:
        tokens = self._config.window_tokens
        if tokens is None:
            yield document
        else:
            yield from windows(document, tokens, self._config.stride or tokens)


def _reopen(
    path: str, key: VerifyKey, revocations: Path | None, config: StreamConfig, state: Mapping[str, Any]
) -> ReleaseStream:
    restored = ReleaseStream(open_release(path, (key,), revocations=revocations), config)
    restored.load_state_dict(state)
    return restored


def _torch_worker() -> tuple[int, int] | None:
    """Index and count of the current DataLoader worker, if any; never imports torch."""
    data = sys.modules.get("torch.utils.data")
    info = data.get_worker_info() if data is not None else None
    return None if info is None else (info.id, info.num_workers)


def _checked_fields(fields: tuple[str, ...] | None, *, windowed: bool) -> tuple[str, ...]:
    if windowed:
        if fields is not None:
            raise RecipeError("stream: fields cannot be chosen for windows, which have their own")
        return tuple(Window.__dataclass_fields__)
    chosen = ("document_id", "text") if fields is None else fields
    unknown = [name for name in chosen if name not in ReleasedDocument.__dataclass_fields__]
    if unknown:
        raise RecipeError(f"stream: a document has no field {unknown[0]!r}")
    return chosen
