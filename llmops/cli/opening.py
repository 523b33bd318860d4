"""Opening a release for a command, with the keys that the user trusts and a log of what is served."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from llmops.audit import (
    AUDIT_KEY_FILE,
    AuditLog,
    SigningKey,
    Stated,
    VerifyKey,
    layout,
    load_signing_key,
    load_verify_key,
    published_keys,
    tie_into_run,
    unreleased,
)
from llmops.audit.layout import READER, main_streams
from llmops.cli.output import problem
from llmops.errors import AuditError
from llmops.release import Release, open_release
from llmops.release.schema import text_digest

TRUSTED_KEYS: Final = "LLMOPS_TRUSTED_KEYS"
AUDIT_KEY: Final = "LLMOPS_AUDIT_KEY"

Keys = Annotated[
    list[Path] | None,
    typer.Option(
        "--key",
        help=f"Trust only this key, a public or private key file; may be repeated. Default: those in {TRUSTED_KEYS}.",
    ),
]
AuditDir = Annotated[
    Path | None, typer.Option("--audit", help="Audit folder to log to; default: audit/ beside the release folder.")
]
Seal = Annotated[
    Path | None,
    typer.Option(
        "--seal",
        envvar=AUDIT_KEY,
        show_envvar=False,
        help=f"Seal what is logged with this private key of the log, {AUDIT_KEY_FILE}; default: that in {AUDIT_KEY}.",
    ),
]


def trusted(keys: list[Path] | None, *, name: str) -> tuple[VerifyKey, ...]:
    """The keys given, or those that the environment names, separated by colons."""
    named = keys or [Path(path) for path in os.environ.get(TRUSTED_KEYS, "").split(os.pathsep) if path]
    return tuple(load_verify_key(path, name=name) for path in named)


def opened(path: Path, keys: list[Path] | None) -> Release:
    """Open a release, and say so where nothing but the release itself vouches for its key."""
    release = open_release(path, trusted(keys, name="llmops-release"))
    if not release.pinned:
        problem("the release verifies with the key it names itself; give --key to tell whose it is")
    return release


@contextmanager
def consumer_log(release: Release, audit: Path | None, seal: Path | None) -> Iterator[AuditLog]:
    """The audit stream of this command, beside the release.

    Its events are durable, but sealed only where a key for that is named: the released zone holds none. What is not
    sealed, ``audit verify`` tells of, and the next run seals.
    """
    with folder_log(release.path, audit, seal) as log:
        yield log


@contextmanager
def folder_log(folder: Path, audit: Path | None, seal: Path | None, kind: str = READER) -> Iterator[AuditLog]:
    """As `consumer_log`, for a release folder that need not verify: what is damaged can still be revoked.

    Args:
        kind: what the stream's name begins with, and so what may be logged to it.
    """
    directory = audit or folder.parents[1] / "audit"
    stream = f"{kind}{now_ms():x}-{os.getpid()}"
    signer = _sealer(directory, seal) if seal else None
    with AuditLog.open(directory, stream=stream, signer=signer, clock=now_ms) as log:
        yield log
    if signer:
        try:
            tie_into_run(directory, signer, now_ms)
        except AuditError as error:  # what was asked for is done and logged; a damaged log is for verify to judge
            problem(f"{error}; what was logged is sealed, but no other stream speaks of it")


def not_in_log(release: Release, directory: Path) -> int:
    """Count the documents of a release that a log beside it did not release as they are.

    Only where the log holds the stream that a document's receipt names: a release may be kept without its log.
    """
    there = frozenset(layout.streams(directory))
    stated = (
        Stated(document_id=document.document_id, content=text_digest(document.text), receipt=document.receipt)
        for document in release.documents()
        if document.receipt.stream in there
    )
    return unreleased(directory, stated) if there else 0


def audit_key_beside(key: Path) -> Path | None:
    """The key of the log in the key folder that another key was named from, if it is there."""
    path = key.with_name(AUDIT_KEY_FILE)
    return path if path.is_file() else None


def _sealer(directory: Path, seal: Path) -> SigningKey | None:
    """The key to seal with, if it is that of the log: under another, the log would no longer verify."""
    signer = load_signing_key(seal, name="llmops-audit")
    runs = main_streams(directory)
    if runs and signer.public not in published_keys(directory, runs[-1]):
        problem("the key to seal with is not that of this log; what is logged stays unsealed until the next run")
        return None
    return signer


def now_ms() -> int:
    """UTC milliseconds since 1970; here, so that a command need not load the runner and all its models for it."""
    return time.time_ns() // 1_000_000
