"""Anchors: what the checkpoints of a log say, for a release manifest, a second disk or a witness to keep."""

import os
from pathlib import Path
from typing import Final

from llmops.audit import layout
from llmops.audit.checkpoint import Anchor, Checkpoint, parse_checkpoint, split_notes
from llmops.errors import AuditVerificationError
from llmops.keys import VerifyKey
from llmops.plain_files import is_there, open_file

_LONGEST_NOTE: Final = 1 << 16


def newest_anchors(directory: Path, key: VerifyKey | None = None) -> tuple[Anchor, ...]:
    """The size and root of each stream at its newest checkpoint, sorted by stream; an unsealed stream has none.

    Reads only, so it can be called while the streams are being written. It proves nothing by itself: what an anchor is
    worth depends on where it is kept.

    Args:
        directory: the audit directory.
        key: that of the log: of readers' streams, only what it has sealed counts.

    Raises:
        AuditVerificationError: a checkpoint file cannot be read or is malformed.
    """
    return tuple(checkpoint.anchor for checkpoint in newest_checkpoints(directory, key))


def newest_checkpoints(directory: Path, key: VerifyKey | None = None) -> tuple[Checkpoint, ...]:
    """The newest checkpoint of each stream, sorted by stream; as `newest_anchors` otherwise.

    What lies there of readers' and reviewers' streams and is no checkpoint is left out: anybody may have put it there,
    and `verify` tells of it.
    """
    found = (_newest(directory, stream, key) for stream in layout.streams(directory))
    return tuple(checkpoint for checkpoint in found if checkpoint)


def _newest(directory: Path, stream: str, key: VerifyKey | None) -> Checkpoint | None:
    if not layout.is_reader(stream) and not layout.is_review(stream):
        return newest_checkpoint(directory, stream)
    try:
        found = newest_checkpoint(directory, stream)
    except AuditVerificationError:
        return None
    if found is None or found.stream != stream:
        return None
    return found if key is None or layout.is_review(stream) or found.signed_by([key]) else None


def newest_checkpoint(directory: Path, stream: str) -> Checkpoint | None:
    """The newest checkpoint of one stream, from the end of its file.

    Raises:
        AuditVerificationError: the file cannot be read or is malformed.
    """
    path = layout.checkpoints_file(directory, stream)
    if not is_there(path):
        return None
    try:
        with os.fdopen(open_file(path), "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LONGEST_NOTE))
            whole, tail = file.tell() == 0, file.read()
    except OSError:
        raise AuditVerificationError(f"audit stream {stream}: its checkpoints cannot be read") from None
    # Notes have two parts each, so the first whole one is found by its origin line, not by counting from a cut.
    start = 0 if whole else tail.find(f"\n\nllmops/{stream}\n".encode()) + 2
    notes = split_notes(tail[start:])[0]
    return parse_checkpoint(notes[-1]) if notes else None
