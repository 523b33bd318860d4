"""``llmops release``: verify, show, list, compare, revoke and tombstone."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from llmops.audit.layout import WITHDRAW
from llmops.cli.output import console, one_line, out_json, pairs, problem
from llmops.cli.release_options import AuditDir, Keys, opened, trusted
from llmops.errors import ReleaseError
from llmops.keys import SigningKey, load_signing_key
from llmops.operations.reader_log import audit_key_beside, folder_log, not_in_log
from llmops.operations.withdraw import Withdrawal
from llmops.release import Overview, RevocationReason, check_documents, compare, newest, overview, release_folders
from llmops.release.files import LATEST, read_regular, release_folder
from llmops.release.manifest import MANIFEST, parse_manifest

app = typer.Typer(help="Look at signed releases, compare them, take them back.", no_args_is_help=True)

_SHOWN_IDS: Final = 20

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The release folder, <output>/release/<id> or .../latest.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Signer = Annotated[
    Path, typer.Option("--key", help="The private key that signed the release: release-signing.pem of the raw zone.")
]
Why = Annotated[RevocationReason, typer.Option("--reason", help="Why: one code of a closed list.")]


@app.command()
def verify(folder: Folder, keys: Keys = None, as_json: AsJson = False) -> None:
    """Check signature, digests, receipts and revocation; exit 6 where anything does not verify.

    Texts are held against the digests in the audit log, where the streams that the receipts name lie beside it.
    """
    release = opened(folder, keys)
    if unlogged := not_in_log(release, release.path.parents[1] / "audit"):
        raise ReleaseError(f"release {release.id}: {unlogged} documents are not those that the log beside it released")
    facts = {
        "release": release.id,
        "documents": len(release),
        "policy": release.manifest.content.policy_id,
        "rule": release.manifest.rule,
        "section": release.manifest.section,
        "key": release.manifest.key,
        "key_pinned": release.pinned,
        "created": release.manifest.created,
    }
    if as_json:
        out_json({"verified": True, **facts})
    else:
        pairs("release verifies", _worded(facts))


@app.command()
def show(folder: Folder, keys: Keys = None, as_json: AsJson = False) -> None:
    """Show what a release states and whether it was taken back; exit 6 where its signature does not verify."""
    seen = overview(folder, trusted(keys, name="llmops-release"))
    if seen.manifest is None:
        raise ReleaseError(seen.problem)
    facts = _row(seen)
    if as_json:
        out_json(facts | {"tombstoned": sorted(seen.tombstones), "manifest": asdict(seen.manifest)})
        return
    content = seen.manifest.content
    pairs(f"release {seen.name}", _worded({name: value for name, value in facts.items() if name != "release"}))
    pairs(
        "policies", {name: getattr(content, name) for name in ("recipe_digest", "gate_policy_digest", "code_version")}
    )
    pairs("counts", dict(seen.manifest.counts))
    pairs("residual risk", dict(seen.manifest.residual_risk))
    pairs("verdicts", {item.name: "passed" if item.passed else "FAILED" for item in seen.manifest.verdicts})
    pairs("models", dict(content.models))


@app.command("list")
def list_releases(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="An output folder, or its release folder.")],
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:
    """List the releases of an output folder, the newest last: signatures and revocations are checked, no document read.

    The newest that stands is marked; <output>/release/latest names it wherever a release folder is asked for.
    """
    accepted = trusted(keys, name="llmops-release")
    seen = sorted(
        (overview(path, accepted) for path in release_folders(folder)), key=lambda one: (one.created, one.name)
    )
    latest = newest(seen)
    if latest and _named_latest(folder) != latest:
        problem(f"release/latest does not name {latest}, the newest that stands")
    rows = [_row(one) | {"latest": one.name == latest} for one in seen]
    if as_json:
        out_json(rows)
        return
    for row in rows:
        about = row["problem"] or f"{_moment(row['created'])}  {row['documents']:,} documents"
        status = f"{row['status']} ({row['reason']})" if row["reason"] else row["status"]
        latest_too = ", latest" if row["latest"] else ""
        console.print(one_line(f"{row['release']}  {about}  {status}{latest_too}"))
    if not rows:
        console.print("no releases")


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(metavar="A", help="A release folder.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="The release folder to compare with it.")],
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:
    """Compare two releases: policies, counts, and documents by id and text digest. No text is shown."""
    first, second = opened(before, keys), opened(after, keys)
    found = compare(first, second)
    if as_json:
        out_json({"before": first.id, "after": second.id, "same_content": found.is_empty, **asdict(found)})
        return
    pairs(
        f"{first.id} -> {second.id}",
        {name: len(getattr(found, name)) for name in ("added", "removed", "changed")} | {"same": found.same},
    )
    pairs("rules that differ", {name: f"{old or 'none'} -> {new or 'none'}" for name, old, new in found.rules})
    pairs("counts that differ", {name: f"{old} -> {new}" for name, old, new in found.counts})
    for name in ("added", "removed", "changed"):
        _print_ids(name, getattr(found, name))


@app.command()
def revoke(folder: Folder, key: Signer, reason: Why, audit: AuditDir = None, as_json: AsJson = False) -> None:
    """Take back a whole release: from now on no reader opens it. Its files stay as they are; its search index goes."""
    signer, path, name = _to_take_back(folder, key)
    with folder_log(path, audit, audit_key_beside(key), problem, WITHDRAW) as log:
        Withdrawal(folder=path, release_id=name, signer=signer, reason=reason, log=log, keys=key.parent).everything()
    _report({"release": name, "action": "revoked", "reason": reason.value}, as_json=as_json)


@app.command()
def tombstone(
    folder: Folder,
    documents: Annotated[list[str], typer.Argument(metavar="DOCUMENT_ID...", help="The documents to take back.")],
    key: Signer,
    reason: Why = RevocationReason.ERASURE_REQUEST,
    audit: AuditDir = None,
    as_json: AsJson = False,
) -> None:
    """Take back single documents: no reader, index or training stream yields them any more.

    The search index is removed, since it holds their words; the next search builds it without them.
    """
    signer, path, name = _to_take_back(folder, key)
    chosen = sorted(set(documents))
    check_documents(path, chosen, signer)
    with folder_log(path, audit, audit_key_beside(key), problem, WITHDRAW) as log:
        Withdrawal(folder=path, release_id=name, signer=signer, reason=reason, log=log, keys=key.parent).documents(
            chosen
        )
    _report(
        {"release": name, "action": "tombstoned", "documents": len(chosen), "reason": reason.value}, as_json=as_json
    )


def _row(seen: Overview) -> dict[str, Any]:
    manifest = seen.manifest
    return {
        "release": seen.name,
        "status": str(seen.status),
        "problem": seen.problem,
        "reason": str(seen.reason or ""),
        "created": manifest.created if manifest else "",
        "documents": manifest.rows - len(seen.tombstones) if manifest else 0,
        "tombstones": len(seen.tombstones),
        "policy": manifest.content.policy_id if manifest else "",
        "rule": manifest.rule if manifest else "",
        "section": manifest.section if manifest else "",
        "key": manifest.key if manifest else "",
        "key_pinned": seen.pinned,
    }


def _named_latest(folder: Path) -> str:
    inner = folder / "release"
    try:
        return release_folder((inner if inner.is_dir() else folder) / LATEST).name
    except ReleaseError:
        return ""


def _moment(created: str) -> str:
    """Format a time for people; older releases have a date only."""
    return created.replace("T", " ").replace("Z", " UTC")


def _worded(facts: dict[str, Any]) -> dict[str, Any]:
    """Format facts for people: yes and no; empty ones are left out."""
    words = {True: "yes", False: "no"}
    return {name: words[value] if isinstance(value, bool) else value for name, value in facts.items() if value != ""}


def _to_take_back(folder: Path, key: Path) -> tuple[SigningKey, Path, str]:
    """Return key, folder and id of a release, checked before a log is opened; damaged files are accepted."""
    path, signer = release_folder(folder), load_signing_key(key, name="llmops-release")
    manifest = parse_manifest(read_regular(path / MANIFEST, MANIFEST))
    if manifest.key != signer.public.fingerprint:
        raise ReleaseError(f"release {manifest.id} can be taken back only with the key that signed it")
    return signer, path, manifest.id


def _print_ids(name: str, ids: Sequence[str]) -> None:
    for document_id in ids[:_SHOWN_IDS]:
        console.print(f"  {name}: {document_id}", soft_wrap=True)
    if len(ids) > _SHOWN_IDS:
        console.print(f"  {name}: and {len(ids) - _SHOWN_IDS:,} more; see --json")


def _report(facts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        out_json(facts)
    else:
        pairs("done, and in the audit log", facts)
