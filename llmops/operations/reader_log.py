"""The audit stream of a release's reader, and the check of the release against the log."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from llmops.audit import AuditLog, layout
from llmops.audit.layout import READER, main_streams
from llmops.audit.log.run_links import tie_into_run
from llmops.audit.log.writer import published_keys
from llmops.audit.verify.receipts import Stated, unreleased
from llmops.errors import AuditError
from llmops.keys import AUDIT_KEY_FILE, SigningKey, load_signing_key
from llmops.release import Release
from llmops.release.schema import text_digest


@contextmanager
def consumer_log(
    release: Release, audit: Path | None, seal: Path | None, warn: Callable[[str], None]
) -> Iterator[AuditLog]:
    """Open an audit stream for one reader of a release, beside the release.

    Its events are durable, but sealed only with a given key: the released zone holds none. ``audit verify`` reports
    unsealed events, and the next run seals them.

    Args:
        release: the release that is read.
        audit: audit folder to log to; None is ``audit/`` beside the release folder.
        seal: private key of the log to seal with.
        warn: receives one sentence on what stays unsealed, and why.
    """
    with folder_log(release.path, audit, seal, warn) as log:
        yield log


@contextmanager
def folder_log(
    folder: Path, audit: Path | None, seal: Path | None, warn: Callable[[str], None], kind: str = READER
) -> Iterator[AuditLog]:
    """Open a stream as `consumer_log` does, for a release folder that need not verify: damaged ones can be revoked.

    Args:
        kind: prefix of the stream's name; determines which events it may hold.
    """
    directory = audit or folder.parents[1] / "audit"
    stream = f"{kind}{now_ms():x}-{os.getpid()}"
    signer = _sealer(directory, seal, warn) if seal else None
    with AuditLog.open(directory, stream=stream, signer=signer, clock=now_ms) as log:
        yield log
    if signer:
        try:
            tie_into_run(directory, signer, now_ms)
        except AuditError as error:  # the operation is done and logged; verify reports a damaged log
            warn(f"{error}; what was logged is sealed, but no other stream speaks of it")


def not_in_log(release: Release, directory: Path) -> int:
    """Count the documents of a release that the log beside it did not release as they are.

    Documents count only if the log holds the stream that their receipts name: a release may be kept without its log.
    """
    there = frozenset(layout.streams(directory))
    stated = (
        Stated(document_id=document.document_id, content=text_digest(document.text), receipt=document.receipt)
        for document in release.documents()
        if document.receipt.stream in there
    )
    return unreleased(directory, stated) if there else 0


def audit_key_beside(key: Path) -> Path | None:
    """Find the key of the log in the folder of another key, if it is there."""
    path = key.with_name(AUDIT_KEY_FILE)
    return path if path.is_file() else None


def _sealer(directory: Path, seal: Path, warn: Callable[[str], None]) -> SigningKey | None:
    """Load the key to seal with, if it is that of the log: sealed with another key, the log would not verify."""
    signer = load_signing_key(seal, name="llmops-audit")
    runs = main_streams(directory)
    if runs and signer.public not in published_keys(directory, runs[-1]):
        warn("the key to seal with is not that of this log; what is logged stays unsealed until the next run")
        return None
    return signer


def now_ms() -> int:
    """Return UTC milliseconds since 1970; defined here, so that commands need not import the runner and its models."""
    return time.time_ns() // 1_000_000
