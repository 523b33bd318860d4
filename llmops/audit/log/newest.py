"""Anchors of a log's newest checkpoints, to be kept in a release manifest, on a second disk or by a witness."""

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
    """Return size and root of each stream at its newest checkpoint, sorted by stream; unsealed streams are left out.

    Reads only, so it may run while streams are being written. An anchor proves something only if it is kept where the
    log's writers cannot change it.

    Args:
        directory: the audit directory.
        key: key of the log; a checkpoint of a reader's stream counts only if this key signed it.

    Raises:
        AuditVerificationError: a checkpoint file cannot be read or is malformed.
    """
    return tuple(checkpoint.anchor for checkpoint in newest_checkpoints(directory, key))


def newest_checkpoints(directory: Path, key: VerifyKey | None = None) -> tuple[Checkpoint, ...]:
    """Return the newest checkpoint of each stream, sorted by stream; otherwise as `newest_anchors`.

    In readers' and reviewers' streams, content that is no checkpoint is skipped, since anybody may have put it there;
    `verify` reports it.
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
    """Return the newest checkpoint of one stream, read from the end of its file.

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
    # Notes have two parts each, so the first complete one is found by its origin line, not by counting from the cut.
    start = 0 if whole else tail.find(f"\n\nllmops/{stream}\n".encode()) + 2
    notes = split_notes(tail[start:])[0]
    return parse_checkpoint(notes[-1]) if notes else None
