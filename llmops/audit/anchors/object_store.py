"""Store anchors in an object store or a folder through pyarrow: one new object per checkpoint, never overwritten.

``<stream>.<size>.<root>.checkpoint`` holds the signed note; ``<stream>.<size>.<root>.tsr`` holds its time stamp. The
store itself must prevent deletion and overwriting by others (object lock, a policy without delete).
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from pyarrow.fs import FileSelector, FileSystem, LocalFileSystem

from llmops.audit.checkpoint import Checkpoint, parse_checkpoint
from llmops.audit.log import disk
from llmops.errors import AuditVerificationError, AuditWriteError, LlmopsError
from llmops.plain_files import is_there, names_in, read_file

NOTE: Final = ".checkpoint"
STAMP: Final = ".tsr"
_NAME: Final = re.compile(r"([a-z0-9][a-z0-9_-]{0,63})\.([0-9]{12})\.([0-9a-f]{64})\.checkpoint")
_WITHOUT_FOLDERS: Final = frozenset({"s3", "gcs", "abfs"})
_LARGEST: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A folder of a pyarrow file system.

    Args:
        filesystem: the file system.
        base: path of the folder in it.
        mode: mode of new files on a local file system.
    """

    filesystem: FileSystem = field(repr=False)
    base: str = field(repr=False)
    mode: int = 0o600

    @classmethod
    def at(cls, uri: str) -> Self:
        """Open the store that a URI names; credentials come from the environment, not the URI.

        Raises:
            AuditVerificationError: there is no such store, or it cannot be reached.
        """
        with _mapped(AuditVerificationError("audit: the object store cannot be opened")):
            filesystem, base = FileSystem.from_uri(uri)
        return cls(filesystem=filesystem, base=base)

    @classmethod
    def folder(cls, path: Path, mode: int = 0o600) -> Self:
        """Open a local folder as a store."""
        return cls(filesystem=LocalFileSystem(), base=str(path.absolute()), mode=mode)

    @property
    def is_local(self) -> bool:
        """Whether it is a local folder, where others may have put links and pipes."""
        return bool(self.filesystem.type_name == "local")

    def names(self) -> frozenset[str]:
        """Return the names of the objects; empty if the folder does not exist.

        Raises:
            AuditVerificationError: the store cannot be read.
        """
        with _mapped(AuditVerificationError("audit: the object store cannot be listed")):
            if self.is_local:
                return frozenset(names_in(Path(self.base)) if is_there(Path(self.base)) else ())
            found: Any = self.filesystem.get_file_info(FileSelector(self.base, allow_not_found=True))
        return frozenset(info.base_name for info in found)

    def read(self, name: str) -> bytes:
        """Read the bytes of an object.

        Raises:
            AuditVerificationError: it cannot be read.
        """
        with _mapped(AuditVerificationError("audit: an object of the store cannot be read")):
            if self.is_local:
                return read_file(Path(self.base, name))[:_LARGEST]
            with self.filesystem.open_input_stream(f"{self.base}/{name}") as stream:
                return bytes(stream.read(_LARGEST))

    def put(self, name: str, data: bytes) -> None:
        """Write an object whose name is not in `names`.

        Raises:
            AuditWriteError: it cannot be written.
        """
        with _mapped(AuditWriteError("audit: an object cannot be written to the store")):
            if self.is_local:  # visible while being written; an object of a store is visible only once complete
                disk.make_directory(Path(self.base))
                disk.write_new(Path(self.base, name), data, self.mode)
                return
            if self.filesystem.type_name not in _WITHOUT_FOLDERS:
                self.filesystem.create_dir(self.base, recursive=True)
            with self.filesystem.open_output_stream(f"{self.base}/{name}") as stream:
                stream.write(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCheckpoint:
    """A stored checkpoint, with its time stamp if it has one."""

    checkpoint: Checkpoint
    token: bytes | None = None


def stem(checkpoint: Checkpoint) -> str:
    """Return the common stem of the names of a checkpoint's objects."""
    return f"{checkpoint.stream}.{checkpoint.size:012d}.{checkpoint.root.hex()}"


def add(store: Store, checkpoints: Sequence[Checkpoint]) -> tuple[Checkpoint, ...]:
    """Add checkpoints to a store, one object each.

    Returns:
        The checkpoints that were new.

    Raises:
        AuditVerificationError: the store holds another root for the same size, or cannot be read.
        AuditWriteError: it cannot be written.
    """
    names = store.names()
    roots = {match.group(1, 2): match.group(3) for name in names if (match := _NAME.fullmatch(name))}
    fresh = []
    for checkpoint in checkpoints:
        kept = roots.get((checkpoint.stream, f"{checkpoint.size:012d}"))
        if kept is None:
            fresh.append(checkpoint)
        elif kept != checkpoint.root.hex():
            what = f"its anchor at size {checkpoint.size} holds another root"
            raise AuditVerificationError(f"audit stream {checkpoint.stream}: {what}")
    for checkpoint in fresh:
        store.put(stem(checkpoint) + NOTE, checkpoint.note)
    return tuple(fresh)


def kept_in(store: Store, prefix: str = "") -> Iterator[StoredCheckpoint]:
    """Yield what a store holds, sorted by stream and size.

    Args:
        store: the store.
        prefix: only streams whose names begin with it.

    Raises:
        AuditVerificationError: it cannot be read, or an object does not match its name.
    """
    names = store.names()
    for name in sorted(name for name in names if name.startswith(prefix) and _NAME.fullmatch(name)):
        checkpoint = parse_checkpoint(store.read(name))
        if stem(checkpoint) + NOTE != name:
            raise AuditVerificationError("audit: an object of the store is not what its name says")
        token = stem(checkpoint) + STAMP
        yield StoredCheckpoint(checkpoint=checkpoint, token=store.read(token) if token in names else None)


@contextmanager
def _mapped(problem: LlmopsError) -> Iterator[None]:
    """Map pyarrow errors without their messages, which contain the address and so perhaps a secret."""
    try:
        yield
    except (OSError, ValueError, NotImplementedError, KeyError):
        raise problem from None
