"""``llmops audit prove|check|consistency|anchor``: evidence for people who do not have the log."""

import sys
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from llmops.audit import check, layout
from llmops.audit.anchors.locations import located, read_notes, write_anchor
from llmops.audit.checkpoint import Checkpoint, parse_checkpoint
from llmops.audit.log.newest import newest_checkpoints
from llmops.audit.proofs.consistency import parse_proofs, proofs_to_json, prove_consistency
from llmops.audit.proofs.inclusion import find_event, parse_proof, prove
from llmops.cli.audit_folder import Folder, audit_folder_in
from llmops.cli.audit_trail import moment
from llmops.cli.output import console, out_json, pairs, problem
from llmops.cli.release_options import Keys, trusted
from llmops.errors import AuditVerificationError, RecipeError
from llmops.plain_files import write_file

EXIT_FALSE = 2
EXIT_UNKNOWN = 3
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def prove_event(
    folder: Folder,
    event: Annotated[str, typer.Argument(help="STREAM#INDEX, or a record or document id for the decision on it.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write the proof here instead of to stdout.")] = None,
    as_json: AsJson = False,
) -> None:
    """Prove that an event lies in the log; who has the proof and the public key needs nothing else to check it."""
    proof = prove(folder, *find_event(folder, event))
    if out is None:
        typer.echo(proof.to_json())
        return
    _write(out, proof.to_json())
    facts = {"stream": parse_checkpoint(proof.checkpoint.encode()).stream, "index": proof.index, "proof": str(out)}
    out_json(facts) if as_json else pairs("proof written", facts)


def check_proof(
    proof: Annotated[Path, typer.Argument(metavar="PROOF", help="The proof; - for stdin.")],
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:
    """Check a proof against the public key of the log; exit 0 it holds, 2 it does not."""
    given = trusted(keys, name="llmops-audit")
    if not given:
        raise RecipeError("audit check: name the public key of the log with --key")
    parsed = parse_proof(_read(proof))
    holds = check(parsed, given)
    event: Any = orjson.loads(parsed.line) if holds else {}
    if as_json:
        out_json({"holds": holds, "event": event})
    elif holds:
        checkpoint = parse_checkpoint(parsed.checkpoint.encode())
        pairs(
            f"the proof holds: event {parsed.index} of {checkpoint.stream}",
            event | {"at": f"{moment(event['at'])} UTC"},
        )
    else:
        console.print("the proof does NOT hold")
    raise typer.Exit(0 if holds else EXIT_FALSE)


def consistency(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A checkpoint, a checkpoint or anchor file, a store.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same, later; or the audit folder itself.")],
    log: Annotated[Path | None, typer.Option("--log", help="The audit folder, to make the proof from.")] = None,
    proof: Annotated[Path | None, typer.Option("--proof", help="A proof that was made before, instead.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the proof here.")] = None,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:
    """Say whether the log of NEW only grew since OLD; exit 0 it did, 2 it did not, 3 cannot be said."""
    given = trusted(keys, name="llmops-audit")
    before, after = _newest(old), _newest(new)
    folder = _log(log or Path(new))
    proofs = [
        one
        for one in (parse_proofs(_read(proof)) if proof else ())
        if one.old == before.get(one.old.stream) and one.new == after.get(one.new.stream)
    ]
    if not proof and folder:
        proofs = [prove_consistency(folder, before[stream], after[stream]) for stream in before if stream in after]
    answers = {one.new.stream: one.holds(given) for one in proofs}
    answers |= {stream: False for stream in before if stream not in after}
    unknown = sorted(before.keys() - answers.keys())
    if out:
        _write(out, proofs_to_json(proofs))
    if as_json:
        out_json({"consistent": answers, "unknown": unknown})
    else:
        words = {stream: "only grew" if good else "did NOT only grow" for stream, good in sorted(answers.items())}
        pairs("consistency", words | dict.fromkeys(unknown, "unknown: give --log or --proof"))
        if not given:
            problem("no key was given, so the signatures were not checked")
    raise typer.Exit(EXIT_FALSE if not all(answers.values()) else EXIT_UNKNOWN if unknown or not answers else 0)


def anchor(
    folder: Folder,
    to: Annotated[
        list[str],
        typer.Option(
            "--to",
            "--out",
            help="A file, a store (s3://..., file:///...) or a time stamp authority (https://...); may be repeated.",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Copy the newest checkpoint of every stream to where the log's writers cannot reach, or have it time stamped."""
    places = located(to, Path.cwd())
    added = sum(len(write_anchor(folder, place)) for place in places)
    out_json({"added": added, "to": places}) if as_json else pairs(
        "anchored", {"added": added, "to": ", ".join(places)}
    )


def _log(path: Path) -> Path | None:
    """Return the audit folder that a path names or lies in, as the source of proofs."""
    if path.suffix == ".checkpoints":
        return path.parent
    folder = audit_folder_in(path)
    return folder if any(layout.streams(folder)) else None


def _newest(place: str) -> dict[str, Checkpoint]:
    """Return the largest checkpoint of each stream in a location or an audit folder."""
    folder = audit_folder_in(Path(place))
    found = newest_checkpoints(folder) if any(layout.streams(folder)) else read_notes(place)
    return {checkpoint.stream: checkpoint for checkpoint in sorted(found, key=lambda one: one.size)}


def _read(path: Path) -> str:
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError:
        raise AuditVerificationError("audit: the proof cannot be read") from None
    return data.decode("utf-8", "replace")


def _write(path: Path, text: str) -> None:
    try:
        write_file(path, f"{text}\n".encode())
    except OSError:
        raise RecipeError("audit: the proof cannot be written") from None
