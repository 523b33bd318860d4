"""``llmops audit``: verify a log, read it, report on it, take it elsewhere, sign it off."""

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final, get_args

import typer

from llmops.audit import Anchor, Finding, Status, Verdict, layout
from llmops.audit.anchors.locations import read_kept
from llmops.audit.anchors.object_store import StoredCheckpoint
from llmops.audit.anchors.timestamp import load_authorities
from llmops.audit.events import Event, ReviewReason
from llmops.audit.explain import LoggedEvent, events_in
from llmops.audit.export import Form
from llmops.audit.verify.directory import verify as verify_log
from llmops.cli import audit_proofs
from llmops.cli.audit_folder import AnyFolder, Folder
from llmops.cli.audit_trail import print_story, story_as_dict
from llmops.cli.output import console, one_line, out_json, pairs, problem
from llmops.cli.release_options import Keys, trusted
from llmops.errors import AuditError, AuditVerificationError, RecipeError, ReleaseError
from llmops.keys import VerifyKey
from llmops.operations.reader_log import not_in_log, now_ms
from llmops.plain_files import open_file
from llmops.release import open_release, overview, release_folders

app = typer.Typer(help="Read and verify an audit log.", no_args_is_help=True)
KINDS: Final = frozenset(event.kind for event in get_args(Event))
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Anchors = Annotated[
    list[str] | None,
    typer.Option("--anchor", help="An anchor file, folder or store (s3://...) that the log must extend; repeatable."),
]
Authorities = Annotated[
    list[Path] | None,
    typer.Option("--tsa", help="Certificate (PEM) of a time stamp authority, to check time stamps with; repeatable."),
]
Releases = Annotated[
    list[Path] | None,
    typer.Option("--release", help="A release whose manifest anchors the log; default: all beside the audit folder."),
]
app.command("prove")(audit_proofs.prove_event)
app.command("check")(audit_proofs.check_proof)
app.command("consistency")(audit_proofs.consistency)
app.command("anchor")(audit_proofs.anchor)


@app.command()
def verify(
    folder: AnyFolder,
    keys: Keys = None,
    release: Releases = None,
    anchor: Anchors = None,
    tsa: Authorities = None,
    artifacts: Annotated[
        bool, typer.Option("--artifacts", help="Check also that what was published is there as it was published.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check every stream; exit 0 intact and anchored, 1 warnings, 2 tampered, 3 cannot verify."""
    try:
        verdict = _verdict(folder, keys, release, anchor, tsa, artifacts=artifacts)
    except AuditError as error:
        problem(str(error))
        raise typer.Exit(Status.CANNOT_VERIFY.exit_code) from None
    if as_json:
        out_json(verdict.to_dict())
    else:
        pairs(f"audit log: {verdict.status.replace('_', ' ')}", {"events": verdict.events, "sealed": verdict.sealed})
        for time in verdict.times:
            proven = f"{time.stream}: {time.size} events were there at {time.at} ({time.authority})"
            console.print(f"  proven: {one_line(proven)}")
        for finding in verdict.findings:
            place = f"{finding.stream}: " if finding.stream else ""
            kind = "note" if finding.status is Status.INTACT else finding.status
            console.print(f"  {kind}: {place}{finding.what}{_range(finding)}")
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
    from llmops.audit import explain as explain_id

    if unknown := set(kind or ()) - KINDS:
        raise RecipeError(f"audit show: {len(unknown)} --kind unknown; known are {', '.join(sorted(KINDS))}")
    found: Iterable[LoggedEvent] = explain_id(folder, of) if of else events_in(folder)
    events = islice((seen for seen in found if not kind or seen.entry.event.kind in kind), limit)
    if as_json:
        out_json([_plain(seen) for seen in events])
        return
    for seen in events:
        facts = {name: value for name, value in asdict(seen.entry.event).items() if value not in ("", ())}
        words = " ".join(f"{name}={_short(value)}" for name, value in facts.items())
        console.print(f"{seen.receipt.stream}#{seen.receipt.index} {seen.entry.event.kind} {words}", soft_wrap=True)


@app.command()
def explain(
    folder: Folder,
    told: Annotated[str, typer.Argument(metavar="RECORD_OR_DOCUMENT", help="r... or r....N")],
    as_json: AsJson = False,
) -> None:
    """Say on one screen why a record or document was released or withheld; exit 1 where the log knows nothing of it."""
    from llmops.audit import trail_of

    story = trail_of(folder, told)
    if as_json:
        out_json(story_as_dict(story, _plain))
    elif story.steps:
        print_story(story)
    else:
        problem("the log holds nothing about that id")
    raise typer.Exit(0 if story.steps else 1)


@app.command()
def export(
    folder: Folder,
    form: Annotated[Form, typer.Option("--as", help="The form to write.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write here instead of to stdout.")] = None,
    run: Annotated[str, typer.Option("--run", help="Only this run.")] = "",
    as_json: AsJson = False,
) -> None:
    """Write the log as FHIR AuditEvent, OCSF or OpenLineage (a JSON object a line), or as CSV."""
    from llmops.audit.export import export as write

    if out is None:
        write(folder, form, sys.stdout.buffer, run=run)
        sys.stdout.flush()
        return
    try:
        with os.fdopen(open_file(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
            written = write(folder, form, file, run=run)
    except OSError:
        raise RecipeError("audit export: the file cannot be written") from None
    facts = {"form": form.value, "events": written, "file": str(out)}
    out_json(facts) if as_json else pairs("exported", facts)


@app.command()
def report(
    folder: AnyFolder,
    out: Annotated[Path, typer.Option("--out", help="Write the page here.")],
    keys: Keys = None,
    release: Releases = None,
    anchor: Anchors = None,
    tsa: Authorities = None,
    as_json: AsJson = False,
) -> None:
    """Write one HTML page that a compliance officer can search and filter with no server.

    The verdict stands on the page; the exit code is that of ``audit verify``.
    """
    from llmops.audit.report import write_page

    verdict = _verdict(folder, keys, release, anchor, tsa, artifacts=(folder.parent / "release").is_dir())
    try:
        facts = write_page(folder, out, verdict, at=now_ms())
    except OSError:
        raise RecipeError("audit report: the page cannot be written") from None
    shown = {"status": verdict.status.value, **facts, "page": str(out)}
    out_json(shown) if as_json else pairs("compliance report", shown)
    raise typer.Exit(verdict.exit_code)


@app.command()
def review(
    folder: Folder,
    sign: Annotated[Path, typer.Option("--sign", help="The reviewer's own private key; made where there is none.")],
    reason: Annotated[ReviewReason, typer.Option("--reason", help="Why the log was reviewed.")],
    since: Annotated[str, typer.Option("--from", help="A UTC date, or STREAM#INDEX of the first event.")] = "",
    until: Annotated[str, typer.Option("--to", help="A UTC date, or STREAM#INDEX of the last; both included.")] = "",
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:
    """Sign off a stretch of the log with the reviewer's own key; refused where the log is tampered with."""
    from llmops.audit import sign_off
    from llmops.cli.audit_review import chosen
    from llmops.keys import load_or_create_signing_key

    verdict = verify_log(folder, trusted(keys, name="llmops-audit"))
    if verdict.exit_code > 1:
        raise AuditVerificationError(f"audit review: the log is {verdict.status.replace('_', ' ')}; not signed off")
    signer = load_or_create_signing_key(sign, name="llmops-reviewer")
    parts = chosen(folder, since, until)
    receipts = sign_off(folder, parts, signer, reason, now_ms)
    rows = [{"stream": part.checkpoint.stream, "start": part.start, "end": part.end} for part in parts]
    if as_json:
        out_json({"reviewer": signer.public.vkey, "reason": reason.value, "reviewed": rows, "events": len(receipts)})
        return
    pairs(f"signed off: {reason.value}", {str(row["stream"]): f"events {row['start']} to {row['end']}" for row in rows})
    console.print(f"reviewer's public key: {signer.public.vkey}", soft_wrap=True)


def _verdict(
    folder: Path,
    keys: list[Path] | None,
    release: list[Path] | None,
    anchor: list[str] | None,
    tsa: list[Path] | None,
    *,
    artifacts: bool,
) -> Verdict:
    """Verify with all available evidence: keys, releases beside the log, anchors, time stamps."""
    published = folder.parent / "release"
    releases = release or sorted(published.glob("[0-9a-f]*"))
    kept = [found for place in anchor or () for found in _kept(place)]
    beside = layout.stamps_folder(folder)
    stamped = [*kept, *(read_kept(beside) if beside.is_dir() else ())]
    if any(found.token for found in stamped) and not tsa:
        problem("there are time stamps; name the certificate of their authority with --tsa to have them checked")
    signers = trusted(keys, name="llmops-release")
    verdict = verify_log(
        folder,
        trusted(keys, name="llmops-audit"),
        [anchor for path in releases for anchor in _anchors(path, signers)]
        + [found.checkpoint.anchor for found in kept],
        releases=published if artifacts else None,
        taken_back=_taken_back(published) if artifacts else {},
        stamped=stamped,
        authorities=[certificate for path in tsa or () for certificate in load_authorities(path)],
    )
    found = _unlogged(folder, published, signers) if artifacts and published.is_dir() else ()
    return replace(verdict, findings=(*verdict.findings, *found))


def _unlogged(folder: Path, published: Path, signers: Sequence[VerifyKey]) -> tuple[Finding, ...]:
    """Find releases whose texts differ from those that the log released; unreadable ones are reported elsewhere."""
    found = []
    for path in release_folders(published):
        try:
            count = not_in_log(open_release(path, signers), folder)
        except ReleaseError:
            continue
        if count:
            what = f"release {path.name}: {count} of its documents are not those that the log released"
            found.append(Finding(status=Status.TAMPERED, stream="", what=what))
    return tuple(found)


def _taken_back(releases: Path) -> dict[str, frozenset[str]]:
    """Return revocations by entries signed with a release's own key; the log vouches for the manifest that names it."""
    seen = [overview(path) for path in release_folders(releases)] if releases.is_dir() else []
    return {one.name: one.tombstones | ({""} if one.reason else set()) for one in seen}


def _kept(place: str) -> tuple[StoredCheckpoint, ...]:
    """Return the checkpoints of a named location; an empty location is refused, since it would prove nothing."""
    found = read_kept(place)
    if not found:
        raise AuditVerificationError("audit: a place that --anchor names keeps no checkpoint")
    return found


def _anchors(path: Path, signers: Sequence[VerifyKey]) -> tuple[Anchor, ...]:
    """Return the anchors of a release signed with a given key, revoked or not; other releases are not trusted."""
    seen = overview(path, signers)
    if seen.manifest is None:
        problem(f"release {path.name} anchors nothing: {seen.problem}")
        return ()
    return seen.manifest.audit


def _range(finding: Any) -> str:
    if finding.position is None and finding.end is None:
        return ""
    place = f"position {finding.position}; " if finding.position is not None else ""
    return f" ({place}events {finding.start} to {'the end' if finding.end is None else finding.end})"


def _plain(seen: LoggedEvent) -> dict[str, Any]:
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
