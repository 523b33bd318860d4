"""Read zip archives: the allowed members, and a capped stream for each."""

import stat
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath
from typing import IO, Final

from llmops.documents import Reason
from llmops.sources.config import FilesConfig
from llmops.sources.errors import Unreadable
from llmops.sources.stream import Budget, Stream

_OPEN_ERRORS: Final = (
    zipfile.BadZipFile,
    NotImplementedError,
    ValueError,
    EOFError,
    OverflowError,
    struct.error,
    OSError,
)
_MEMBER_ERRORS: Final = (*_OPEN_ERRORS, RuntimeError, KeyError)
_ENCRYPTED_FLAG: Final = 0x1
_LOCAL_HEADER_BYTES: Final = 30
_END_RECORD_REACH: Final = 22 + 65535
_OFFICE_PARTS: Final = frozenset({"[Content_Types].xml", "mimetype", "META-INF/MANIFEST.MF"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of an archive. The names are PHI.

    Args:
        name: name in the archive.
        key: the name, made unique if repeated; record ids are derived from it.
        info: zipfile's entry.
        reason: why it may not be read, or None.
    """

    name: str = field(repr=False)
    key: str = field(repr=False)
    info: zipfile.ZipInfo = field(repr=False)
    reason: Reason | None = None


class Archive:
    """An opened zip with a valid directory.

    Args:
        file: seekable, binary.
        config: the caps.

    Raises:
        Refused: no directory (``TRUNCATED``), a broken one or members that share bytes (``BAD_ARCHIVE``), too many
            members, or an office document or program (``UNKNOWN_FORMAT``).
    """

    def __init__(self, file: IO[bytes], config: FilesConfig) -> None:
        self._config = config
        self._budget = Budget(config.max_file_bytes)
        try:
            self._zip = zipfile.ZipFile(file)
        except _OPEN_ERRORS:
            raise Unreadable(Reason.BAD_ARCHIVE if _has_end_record(file) else Reason.TRUNCATED) from None
        infos = self._zip.infolist()
        if len(infos) > config.max_members:
            raise Unreadable(Reason.TOO_MANY_MEMBERS)
        if _overlapping(infos, self._zip.start_dir):
            raise Unreadable(Reason.BAD_ARCHIVE)
        if any(info.filename in _OFFICE_PARTS for info in infos):
            raise Unreadable(Reason.UNKNOWN_FORMAT)
        self._infos = infos

    def members(self) -> Iterator[Member]:
        """Yield every member in directory order, except folders and names beginning with a dot."""
        seen: dict[str, int] = {}
        for info in self._infos:
            # Not `is_dir`, which fails on a name that is empty or begins with NUL.
            if info.orig_filename.endswith("/") and not info.file_size:
                continue
            count = seen[info.orig_filename] = seen.get(info.orig_filename, 0) + 1
            key = info.orig_filename if count == 1 else f"{info.orig_filename}\x00{count}"
            reason = _refusal(info, self._config)
            if reason is not Reason.PATH_ESCAPE and any(part[0] == "." for part in PurePosixPath(info.filename).parts):
                continue
            yield Member(name=info.filename, key=key, info=info, reason=reason)

    def open(self, member: Member) -> Stream:
        """Open a member.

        Raises:
            Refused: its local header is broken or disagrees with the directory, or its compression is unknown.
        """
        try:
            file = self._zip.open(member.info)
        except _MEMBER_ERRORS:
            raise Unreadable(Reason.BAD_ARCHIVE) from None
        packed = member.info.compress_size
        return Stream(file.read, budget=self._budget, consumed=lambda: packed, max_ratio=self._config.max_ratio)


def _refusal(info: zipfile.ZipInfo, config: FilesConfig) -> Reason | None:
    if _escapes(info):
        return Reason.PATH_ESCAPE
    if info.flag_bits & _ENCRYPTED_FLAG:
        return Reason.ENCRYPTED
    return Reason.TOO_LARGE if info.file_size > config.max_file_bytes else None


def _escapes(info: zipfile.ZipInfo) -> bool:
    """Say whether a member path leaves the archive; nothing is ever extracted, but such a member is not trusted."""
    name = info.orig_filename
    windows = PureWindowsPath(name)
    absolute = name.startswith(("/", "\\")) or bool(windows.drive) or PurePosixPath(name).is_absolute()
    return absolute or ".." in windows.parts or "\x00" in name or stat.S_ISLNK(info.external_attr >> 16)


def _overlapping(infos: list[zipfile.ZipInfo], directory: int) -> bool:
    """Say whether two members share bytes, as in zip bombs that reference one kernel many times."""
    end = 0
    for info in sorted(infos, key=lambda item: item.header_offset):
        if info.header_offset < end:
            return True
        end = info.header_offset + _LOCAL_HEADER_BYTES + info.compress_size
    return end > directory


def _has_end_record(file: IO[bytes]) -> bool:
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_RECORD_REACH))
    return b"PK\x05\x06" in file.read()
