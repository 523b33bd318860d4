"""``llmops vault``: inspect a recipe's vault, rotate its key, merge, split, erase and re-identify subjects."""

from pathlib import Path
from typing import Annotated, Any

import typer

from llmops.cli.output import console, out_json, pairs
from llmops.release import RevocationReason
from llmops.vault import Purpose, Request

app = typer.Typer(help="The crosswalk from patients to pseudonyms: raw zone only.", no_args_is_help=True)

RecipePath = Annotated[Path, typer.Argument(metavar="RECIPE", help="The recipe whose raw zone holds the vault.")]
Output = Annotated[Path | None, typer.Option("--output", help="The output whose audit log and releases are meant.")]
RawZone = Annotated[Path | None, typer.Option("--raw-zone", help="The raw zone, instead of the recipe's.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Pseudonym = Annotated[str, typer.Argument(metavar="PSEUDONYM", help="A subject as releases call it: S-...")]


@app.command()
def status(
    recipe: RecipePath,
    output: Output = None,
    raw_zone: RawZone = None,
    merges: Annotated[bool, typer.Option("--merges", help="Also list merges, by pseudonym.")] = False,
    as_json: AsJson = False,
) -> None:
    """Count what the vault holds, and say whether a rotation is to be finished. No PHI is shown."""
    from llmops.operations import vault as vault_steps

    place = vault_steps.Place(recipe=recipe, output=output, raw_zone=raw_zone)
    facts = vault_steps.status(place)
    joined = vault_steps.merges(place) if merges else ()
    if as_json:
        listed = {"merges": [{"given_up": loser, "kept": winner} for loser, winner in joined]} if merges else {}
        out_json(facts | listed)
        return
    pairs("vault", facts)
    for loser, winner in joined:
        console.print(f"  {loser} is now {winner}")


@app.command()
def rotate(recipe: RecipePath, output: Output = None, raw_zone: RawZone = None, as_json: AsJson = False) -> None:
    """Replace the vault's key; pseudonyms, offsets and surrogates stay. Run it again where it was interrupted."""
    from llmops.operations import vault as vault_steps

    place = vault_steps.Place(recipe=recipe, output=output, raw_zone=raw_zone)
    _report(vault_steps.rotate_key(place), as_json=as_json)


@app.command()
def merge(
    recipe: RecipePath,
    one: Pseudonym,
    other: Pseudonym,
    output: Output = None,
    raw_zone: RawZone = None,
    as_json: AsJson = False,
) -> None:
    """Say that two subjects are one patient; the older pseudonym stays. Releases made before are not changed."""
    from llmops.operations import vault as vault_steps

    place = vault_steps.Place(recipe=recipe, output=output, raw_zone=raw_zone)
    _report(vault_steps.merge(place, one, other), as_json=as_json)


@app.command()
def split(
    recipe: RecipePath, given_up: Pseudonym, output: Output = None, raw_zone: RawZone = None, as_json: AsJson = False
) -> None:
    """Undo a merge, by the pseudonym that it gave up; the two are kept apart from now on."""
    from llmops.operations import vault as vault_steps

    place = vault_steps.Place(recipe=recipe, output=output, raw_zone=raw_zone)
    _report(vault_steps.split(place, given_up), as_json=as_json)


@app.command()
def erase(
    recipe: RecipePath,
    pseudonym: Pseudonym,
    releases: Annotated[
        list[Path] | None,
        typer.Option("--release", help="Take its documents back in this release; default: all of the output."),
    ] = None,
    reason: Annotated[RevocationReason, typer.Option("--reason", help="Why.")] = RevocationReason.ERASURE_REQUEST,
    output: Output = None,
    raw_zone: RawZone = None,
    as_json: AsJson = False,
) -> None:
    """Erase a subject: its documents are taken back in the releases, then its keys are destroyed.

    Its records are withheld from now on. Copies of the vault made before stay readable until the key is rotated.
    """
    from llmops.operations import vault as vault_steps

    place = vault_steps.Place(recipe=recipe, output=output, raw_zone=raw_zone)
    _report(vault_steps.erase(place, pseudonym, releases, reason), as_json=as_json)


@app.command("approver-key")
def approver_key(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where your private key goes, say holder-a.pem.")],
    as_json: AsJson = False,
) -> None:
    """Make your key pair for approvals: the private half that only you can read, and its .pub for the recipe."""
    from llmops.operations import vault as vault_steps

    _report(vault_steps.approver_key(path), as_json=as_json, title="made; give away the public half alone")


@app.command()
def approve(
    pseudonym: Pseudonym,
    vault: Annotated[str, typer.Option("--vault", help="Id of the vault, as 'vault status' says.")],
    purpose: Annotated[Purpose, typer.Option("--purpose", help="Why.")],
    key: Annotated[Path, typer.Option("--key", help="Your private key; its public half stands in vault.approvers.")],
    out: Annotated[Path, typer.Option("--out", help="Write the approval here, a new file.")],
    hours: Annotated[int, typer.Option("--hours", help="How long it may be used, at most 72.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Approve, as one of two key holders, that a subject is re-identified once. Needs no access to the raw zone."""
    from llmops.operations import vault as vault_steps

    request = Request(vault=vault, pseudonym=pseudonym, purpose=purpose)
    _report(vault_steps.approval(request, key, out, hours), as_json=as_json, title="approved")


@app.command()
def reidentify(
    recipe: RecipePath,
    pseudonym: Pseudonym,
    purpose: Annotated[str, typer.Option(help=f"Why, as the approvals say: {', '.join(Purpose)}.")] = "",
    approvals: Annotated[
        list[Path] | None, typer.Option("--approval", help="An approval file; two are needed.")
    ] = None,
    output: Output = None,
    raw_zone: RawZone = None,
) -> None:
    """Print, as JSON, who a subject is: PHI. Needs two key holders' approvals; at most ten a day.

    Logged before it is answered, and also where it is refused.
    """
    from llmops.operations import vault as vault_steps

    place = vault_steps.Place(recipe=recipe, output=output, raw_zone=raw_zone)
    out_json(vault_steps.reidentify(place, pseudonym, purpose, approvals or []))


def _report(facts: dict[str, Any], *, as_json: bool, title: str = "done, and in the audit log") -> None:
    if as_json:
        out_json(facts)
    else:
        pairs(title, facts)
