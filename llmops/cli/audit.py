"""``llmops audit``: verify a log, show it."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from llmops.audit import Seen, shows
from llmops.audit import verify as verify_log
from llmops.cli.opening import Keys, trusted
from llmops.cli.output import console, out_json, pairs
from llmops.errors import LlmopsError
from llmops.release import Release, open_release

app = typer.Typer(help="Read and verify an audit log.", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The audit folder, <output>/audit.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.command()
def verify(
    folder: Folder,
    keys: Keys = None,
    release: Annotated[
        list[Path] | None,
        typer.Option(
            "--release", help="A release whose manifest anchors the log; default: all beside the audit folder."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every stream; exit 0 intact and anchored, 1 warnings, 2 tampered, 3 cannot verify."""
    releases = release or sorted((folder.parent / "release").glob("[0-9a-f]*"))
    verdict = verify_log(
        folder, trusted(keys, name="llmops-audit"), [anchor for path in releases for anchor in _anchors(path)]
    )
    if as_json:
        out_json({"status": verdict.status, "exit_code": verdict.exit_code, **asdict(verdict)})
    else:
        pairs(f"audit log: {verdict.status.replace('_', ' ')}", {"events": verdict.events, "sealed": verdict.sealed})
        for finding in verdict.findings:
            place = f"{finding.stream}: " if finding.stream else ""
            console.print(f"  {finding.status}: {place}{finding.what}", soft_wrap=True)
    raise typer.Exit(verdict.exit_code)


@app.command()
def show(
    folder: Folder,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after N events.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only events of this kind; may be repeated.")] = None,
    of: Annotated[str, typer.Option("--id", help="Only what concerns this record or document.")] = "",
    as_json: AsJson = False,
) -> None:
    """Print events in the order of their time."""
    from llmops.audit import explain

    events = explain(folder, of) if of else shows(folder, limit=limit, kinds=kind or ())
    if as_json:
        out_json([_plain(seen) for seen in events])
        return
    for seen in events:
        facts = {name: value for name, value in asdict(seen.entry.event).items() if value not in ("", (), 0)}
        words = " ".join(f"{name}={_short(value)}" for name, value in facts.items())
        console.print(f"{seen.receipt.stream}#{seen.receipt.index} {seen.entry.event.kind} {words}", soft_wrap=True)


def _anchors(path: Path) -> Any:
    """The anchors of a release that verifies; one that does not cannot vouch for a log."""
    try:
        opened: Release = open_release(path)
    except LlmopsError:
        console.print(f"  release {path.name} does not verify and anchors nothing")
        return ()
    return opened.manifest.audit


def _plain(seen: Seen) -> dict[str, Any]:
    return {
        "stream": seen.receipt.stream,
        "index": seen.receipt.index,
        "leaf": seen.receipt.leaf,
        "at": seen.entry.at,
        "run": seen.entry.run,
        "kind": seen.entry.event.kind,
        **asdict(seen.entry.event),
    }


def _short(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(":".join(map(str, item)) if isinstance(item, tuple) else str(item) for item in value)
    return str(value)
