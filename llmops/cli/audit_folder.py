"""Resolve the folder argument of ``llmops audit`` commands: the audit folder itself, or an output that holds it."""

from pathlib import Path
from typing import Annotated

import typer

from llmops.audit import layout
from llmops.errors import AuditVerificationError


def audit_folder_in(path: Path) -> Path:
    """Return the audit folder of an output (also a link, refused when opened); otherwise the path itself."""
    inside = path / "audit"
    return inside if inside.is_symlink() or (inside.is_dir() and any(layout.streams(inside))) else path


def existing_audit_folder(path: Path) -> Path:
    """Resolve as `audit_folder_in`, and require a log.

    Raises:
        AuditVerificationError: there is no log.
    """
    folder = audit_folder_in(path)
    if not any(layout.streams(folder)):
        raise AuditVerificationError("audit: that folder holds no log; name <output>/audit, or <output>")
    return folder


_HELP = "The audit folder, <output>/audit, or the output."
Folder = Annotated[Path, typer.Argument(metavar="DIR", help=_HELP, callback=existing_audit_folder)]
AnyFolder = Annotated[Path, typer.Argument(metavar="DIR", help=_HELP, callback=audit_folder_in)]
