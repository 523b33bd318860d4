"""File names of an audit directory."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from llmops.errors import AuditError, AuditVerificationError, AuditWriteError
from llmops.plain_files import NotPlainError, names_in

READER: Final = "reader-"
REVIEW: Final = "review-"
WITHDRAW: Final = "withdraw-"
_STREAM: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_MAIN: Final = re.compile(r"(run-.+)-([0-9]{1,9})")
_TORN: Final = re.compile(r"torn-([0-9]{1,9})")
_FILE: Final = re.compile(rf"({_STREAM.pattern})(?:(?:\.[0-9]{{12}})?\.jsonl|\.checkpoints)")


def check_stream(name: str) -> str:
    """Return ``name`` if it is a valid stream name.

    Raises:
        AuditError: it is not.
    """
    if not _STREAM.fullmatch(name):
        raise AuditError("audit stream: a name is 1 to 64 of a-z 0-9 _ -, not starting with _ or -")
    return name


def events_file(directory: Path, stream: str) -> Path:
    """Return the file of the events, one per line; of several segments, the first (`llmops.audit.log.segments`)."""
    return directory / f"{stream}.jsonl"


def checkpoints_file(directory: Path, stream: str) -> Path:
    """Return the file of the signed checkpoints, each followed by an empty line."""
    return directory / f"{stream}.checkpoints"


def keys_file(directory: Path, stream: str) -> Path:
    """Return the file of the public keys that signed checkpoints of the stream, one per line."""
    return directory / f"{stream}.vkey"


def tree_file(directory: Path, stream: str) -> Path:
    """Return the file of the stream's tree nodes, a shortcut for proofs; may be missing."""
    return directory / f"{stream}.tree"


def stamps_folder(directory: Path) -> Path:
    """Return the folder of checkpoints with their time stamps (`llmops.audit.anchors.object_store`)."""
    return directory / "timestamps"


def torn_file(directory: Path, stream: str, number: int) -> Path:
    """Return the file of a torn tail that recovery cut off."""
    return directory / f"{stream}.torn-{number}"


def torn_files(directory: Path, stream: str) -> dict[int, Path]:
    """Return every torn file of the stream, by number."""
    found = {}
    for path in beginning(directory, f"{stream}.torn-"):
        if match := _TORN.fullmatch(path.name.removeprefix(f"{stream}.")):
            found[int(match.group(1))] = path
    return dict(sorted(found.items()))


def is_review(stream: str) -> bool:
    """Whether a stream is a reviewer's: signed with the reviewer's own key, holding reviews only."""
    return stream.startswith(REVIEW)


def is_reader(stream: str) -> bool:
    """Whether a stream is a reader's: readers need no key, so it holds reading events only."""
    return stream.startswith(READER)


def beginning(directory: Path, start: str) -> tuple[Path, ...]:
    """Return the files of a directory whose names begin with ``start``, sorted; empty if there is no directory.

    Raises:
        AuditVerificationError: the directory is a link.
        AuditWriteError: it cannot be read.
    """
    try:
        return tuple(directory / name for name in names_in(directory) if name.startswith(start))
    except FileNotFoundError:
        return ()
    except NotPlainError:
        if not directory.is_symlink():
            return ()
        raise AuditVerificationError("audit: the audit folder is a link, which is not followed") from None
    except OSError as error:
        raise AuditWriteError(f"audit: the folder cannot be read ({os.strerror(error.errno or 0)})") from None


def streams(directory: Path) -> Iterator[str]:
    """Yield every stream with an event or checkpoint file in the directory, sorted; raises as `beginning`."""
    found = (_FILE.fullmatch(path.name) for path in beginning(directory, ""))
    return iter(sorted({match.group(1) for match in found if match}))


def main_streams(directory: Path) -> tuple[str, ...]:
    """Return the main streams of runs, one per start, in order."""
    found = (_MAIN.fullmatch(stream) for stream in streams(directory))
    ordered = sorted((match.group(1), int(match.group(2)), match.group()) for match in found if match)
    return tuple(stream for _, _, stream in ordered)
