"""Release options shared by several commands: trusted keys, audit folder, key that seals the log."""

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from llmops.cli.output import problem
from llmops.keys import AUDIT_KEY_FILE, VerifyKey, load_verify_key
from llmops.release import Release, open_release

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
    """Return the given keys, or those named in the environment, separated by colons."""
    named = keys or [Path(path) for path in os.environ.get(TRUSTED_KEYS, "").split(os.pathsep) if path]
    return tuple(load_verify_key(path, name=name) for path in named)


def opened(path: Path, keys: list[Path] | None) -> Release:
    """Open a release, and warn if only the release itself vouches for its key."""
    release = open_release(path, trusted(keys, name="llmops-release"))
    if not release.pinned:
        problem("the release verifies with the key it names itself; give --key to tell whose it is")
    return release
