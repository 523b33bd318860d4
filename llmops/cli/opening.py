"""Opening a release for a command, with the keys that the user trusts and a log of what is served."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from llmops.audit import AuditLog, VerifyKey, load_verify_key
from llmops.cli.output import problem
from llmops.release import Release, open_release

TRUSTED_KEYS: Final = "LLMOPS_TRUSTED_KEYS"

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
def consumer_log(release: Release, audit: Path | None) -> Iterator[AuditLog]:
    """The audit stream of this command, beside the release.

    Its events are durable but not sealed: the released zone holds no signing key. ``audit verify`` says so.
    """
    with folder_log(release.path, audit) as log:
        yield log


@contextmanager
def folder_log(folder: Path, audit: Path | None) -> Iterator[AuditLog]:
    """As `consumer_log`, for a release folder that need not verify: what is damaged can still be revoked."""
    directory = audit or folder.parents[1] / "audit"
    stream = f"reader-{now_ms():x}-{os.getpid()}"
    with AuditLog.open(directory, stream=stream, signer=None, clock=now_ms) as log:
        yield log


def now_ms() -> int:
    """UTC milliseconds since 1970; here, so that a command need not load the runner and all its models for it."""
    return time.time_ns() // 1_000_000
