"""Which folder ``llmops audit`` commands mean: the audit folder itself, or the output that it lies in."""

from pathlib import Path
from typing import Annotated

import typer

from llmops.audit import layout
from llmops.errors import AuditVerificationError


def audit_folder_in(path: Path) -> Path:
    """The audit folder in an output, a link in its place too, to be refused by who opens it; else the path as it is."""
    inside = path / "audit"
    return inside if inside.is_symlink() or (inside.is_dir() and any(layout.streams(inside))) else path


def existing_audit_folder(path: Path) -> Path:
    """As `audit_folder_in`, where a log must be.

    Raises:
        AuditVerificationError: none is.
    """
    folder = audit_folder_in(path)
    if not any(layout.streams(folder)):
        raise AuditVerificationError("audit: that folder holds no log; name <output>/audit, or <output>")
    return folder


_HELP = "The audit folder, <output>/audit, or the output."
Folder = Annotated[Path, typer.Argument(metavar="DIR", help=_HELP, callback=existing_audit_folder)]
AnyFolder = Annotated[Path, typer.Argument(metavar="DIR", help=_HELP, callback=audit_folder_in)]
