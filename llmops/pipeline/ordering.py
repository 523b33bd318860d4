"""Order a run's scored documents by id, which reveals neither input order nor file names."""

import shutil
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from llmops.documents import ScoredDocument
from llmops.plain_files import PRIVATE_FOLDER, make_folder
from llmops.release import ShardFile, read_shard

_DOCUMENTS_PER_BUCKET: Final = 2_000
_MOST_BUCKETS: Final = 256
_PENDING: Final = 32
_ID_DIGITS: Final = 6


class Ordered:
    """Sort more documents than fit in memory: into buckets by id prefix, then each bucket by itself.

    Use as a context manager; the buckets hold text that has not passed the gate, and are removed on exit.

    Args:
        folder: for the buckets; leftovers of an earlier attempt are removed.
        total: approximate number of documents.
    """

    def __init__(self, folder: Path, total: int) -> None:
        self._folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        make_folder(folder, PRIVATE_FOLDER)
        count = min(_MOST_BUCKETS, 1 + total // _DOCUMENTS_PER_BUCKET)
        self._paths = [folder / f"{number:03d}.parquet" for number in range(count)]
        self._files = [ShardFile(path) for path in self._paths]
        self._pending: list[list[ScoredDocument]] = [[] for _ in self._files]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files:
            file.__exit__(kind, error, trace)
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, documents: Sequence[ScoredDocument]) -> None:
        """Add documents to their buckets."""
        for document in documents:
            number = _head(document) * len(self._files) >> 4 * _ID_DIGITS
            self._pending[number].append(document)
            if len(self._pending[number]) >= _PENDING:
                self._flush(number)

    def documents(self) -> Iterator[tuple[ScoredDocument, int]]:
        """Close the buckets; yield each document with the number of earlier ones with the same id."""
        for number, path in enumerate(self._paths):
            self._flush(number)
            part = self._files[number].close()
            found = sorted(read_shard(path, part.sha256), key=_id)
            for _, copies in groupby(found, key=_id):
                yield from ((document, count) for count, document in enumerate(copies))

    def _flush(self, number: int) -> None:
        self._files[number].write(self._pending[number])
        self._pending[number] = []


def _id(document: ScoredDocument) -> str:
    return document.document_id


def _head(document: ScoredDocument) -> int:
    """The first digits of an id, ``r<hex>...``, as a number: bucket order is id order."""
    return int(document.document_id[1 : 1 + _ID_DIGITS], 16)
