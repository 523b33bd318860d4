"""The newest checkpoint of every stream, as the anchors that a release manifest or a witness keeps."""

from pathlib import Path

from llmops.audit import layout
from llmops.audit.checkpoint import Anchor, Checkpoint, parse_checkpoint, split_notes
from llmops.errors import AuditVerificationError


def newest_anchors(directory: Path) -> tuple[Anchor, ...]:
    """The size and root of each stream at its newest checkpoint, sorted by stream; an unsealed stream has none.

    Reads only, so it can be called while the streams are being written. It proves nothing by itself: what an anchor is
    worth depends on where it is kept.

    Raises:
        AuditVerificationError: a checkpoint file cannot be read or is malformed.
    """
    found = (checkpoints_of(directory, stream) for stream in layout.streams(directory))
    return tuple(checkpoints[-1].anchor for checkpoints in found if checkpoints)


def checkpoints_of(directory: Path, stream: str) -> tuple[Checkpoint, ...]:
    """The checkpoints of one stream, oldest first; signatures are read, not verified.

    Raises:
        AuditVerificationError: the file cannot be read or is malformed.
    """
    path = layout.checkpoints_file(directory, stream)
    try:
        data = path.read_bytes() if path.exists() else b""
    except OSError:
        raise AuditVerificationError(f"audit stream {stream}: its checkpoints cannot be read") from None
    return tuple(parse_checkpoint(note) for note in split_notes(data)[0])
