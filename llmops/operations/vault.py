"""Operations of ``llmops vault``, each logged; separate from the commands, which must start quickly."""

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from llmops.audit import AuditLog
from llmops.audit.events import KeyCreated, VaultAction, VaultChanged
from llmops.errors import RecipeError, StageError
from llmops.identities import Identity
from llmops.keys import load_or_create_signing_key, load_signing_key, load_verify_key
from llmops.operations.withdraw import Withdrawal
from llmops.pipeline import Workspace, ledgers
from llmops.recipe import Keys, Recipe, key_folder, load_keys, load_recipe, missing_keys, vault_file, vault_key
from llmops.release import Release, ReleaseStatus, RevocationReason, open_release, overview, release_folders
from llmops.runner.job import now_ms, open_log
from llmops.runner.withdrawn import ledger_root
from llmops.vault import (
    Custody,
    EnvironmentKey,
    Refusal,
    RefusedError,
    Request,
    approve,
    check_approvals,
    custody,
    is_pseudonym,
    purpose_of,
    rotate,
)

_APPROVER: Final = "llmops-approver"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A recipe, with folders from the command line that replace its own."""

    recipe: Path
    output: Path | None = None
    raw_zone: Path | None = None

    def load(self) -> Recipe:
        """Load the recipe and check that its keys exist; no key is ever created.

        Raises:
            RecipeError: the recipe is not valid, or a key is missing.
        """
        recipe = load_recipe(self.recipe, output=self.output, raw_zone=self.raw_zone)
        missing = missing_keys(recipe)
        if missing:
            raise RecipeError(
                f"keys: {missing[0]} is missing in this raw zone; run the recipe first, or name its --raw-zone"
            )
        return recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class _OpenVault:
    """An exclusively locked vault with recipe, keys and audit log."""

    recipe: Recipe
    keys: Keys
    vault: Custody
    log: AuditLog


def status(place: Place) -> dict[str, Any]:
    """Return the vault's status; numbers, no PHI."""
    recipe = place.load()
    with custody(vault_file(recipe), vault_key(recipe)) as held:
        found = held.status()
    facts = {
        "vault": found.vault,
        "pseudonyms": found.pseudonyms,
        "date_offsets": found.date_offsets,
        "rotation": found.rotation,
    }
    return facts | dict(found.counts)


def merges(place: Place) -> tuple[tuple[str, str], ...]:
    """Return ``(pseudonym given up, pseudonym kept)`` of every merge."""
    recipe = place.load()
    with custody(vault_file(recipe), vault_key(recipe)) as held:
        return held.merges()


def rotate_key(place: Place) -> dict[str, Any]:
    """Replace the vault's key; logged first, so that no rotation goes unlogged.

    Raises:
        RecipeError: the key is in the environment, or as `llmops.vault.rotate`.
    """
    recipe = place.load()
    holder = vault_key(recipe)
    if isinstance(holder, EnvironmentKey):
        raise RecipeError("vault.key_variable: only a key in a file can be rotated by this command")
    with custody(vault_file(recipe), holder) as held:  # do not log a rotation of a vault that does not open
        subjects = dict(held.status().counts)["subjects"]
    with _logged(recipe) as (_, log):
        created = KeyCreated(key=holder.path.name, fingerprint="secret")
        log.append([created, VaultChanged(action=VaultAction.ROTATED, subjects=subjects)])
        sealed = rotate(vault_file(recipe), holder)
    return {"action": "rotated", "subjects": sealed}


def merge(place: Place, one: str, other: str) -> dict[str, Any]:
    """Merge two subjects."""
    with _held(place) as hand, hand.vault.changing():  # commits after the event is logged
        kept = hand.vault.merge(one, other)
        hand.log.append([VaultChanged(action=VaultAction.MERGED, subject=kept, subjects=2)])
    return {"action": "merged", "kept": kept}


def split(place: Place, given_up: str) -> dict[str, Any]:
    """Undo a merge."""
    with _held(place) as hand, hand.vault.changing():  # commits after the event is logged
        kept = hand.vault.split(given_up)
        hand.log.append([VaultChanged(action=VaultAction.SPLIT, subject=given_up, subjects=2)])
    return {"action": "split", "subject": given_up, "from": kept}


def erase(place: Place, pseudonym: str, releases: Sequence[Path] | None, reason: RevocationReason) -> dict[str, Any]:
    """Revoke a subject's documents in the releases, remove what was derived from them, then destroy the subject's keys.

    In this order, so that a second call completes an interrupted one. Work files of stopped runs are removed, too: a
    resumed run would take the subject's documents from them. The ledgers drop the locations of the documents.

    For a subject erased before, documents are found by its pseudonym alone: other outputs of the same vault may still
    hold some. The result lists every pseudonym of the subject, for use there.

    Args:
        releases: release folders; None means every release of the output that is not revoked.

    Raises:
        StageError: no such subject, and no released document of it; nothing was done.
        ReleaseError: a release does not verify, or its index cannot be removed; nothing was erased.
    """
    with _held(place) as hand:
        known = hand.vault.knows(pseudonym)
        names = hand.vault.names(pseudonym) if known else (pseudonym,)
        folders = _standing(hand.recipe) if releases is None else releases
        opened = [open_release(path, (hand.keys.release.public,)) for path in folders]
        found = [(release, _documents(release, names)) for release in opened]
        if not known and not any(ids for _, ids in found):
            raise StageError("vault: no subject of that pseudonym, nor a document of it in these releases that stands")
        for release, ids in found:
            _take_back(release, ids, hand, reason)
        _drop_work(hand.recipe)
        for ledger in ledgers(ledger_root(hand.recipe)):
            ledger.forget(names)
        if known:
            with hand.vault.changing():  # commits after the event is logged
                hand.vault.erase(pseudonym)
                hand.log.append([VaultChanged(action=VaultAction.ERASED, subject=pseudonym, subjects=len(names))])
    return {
        "action": "erased" if known else "taken back; erased before",
        "subject": pseudonym,
        "pseudonyms": list(names),
        "documents": sum(len(ids) for _, ids in found),
        "releases": len(opened),
    }


def approval(request: Request, key: Path, target: Path, hours: int) -> dict[str, Any]:
    """Write a key holder's approval; needs no access to the raw zone.

    Raises:
        RecipeError: no private key, hours out of range, or the file exists or cannot be written.
    """
    data = approve(request, load_signing_key(key, name=_APPROVER), now_ms=now_ms(), hours=hours)
    _write_new(target, data, "approval")
    return {"action": "approved", "subject": request.pseudonym, "purpose": request.purpose.value, "hours": hours}


def approver_key(path: Path) -> dict[str, Any]:
    """Create a key holder's key pair: the private key at ``path``, mode 0600, the public key beside it as ``.pub``.

    Raises:
        RecipeError: a file exists, or cannot be written.
    """
    public = path.with_suffix(".pub")
    if path == public or path.exists() or public.exists():
        raise RecipeError(
            f"approver-key: {path} or {public} is there already, or has the wrong ending; name a new file"
        )
    key = load_or_create_signing_key(path, name=_APPROVER).public
    _write_new(public, f"{key.vkey}\n".encode(), "approver-key: the public half")
    return {"action": "made", "private": str(path), "public": str(public), "fingerprint": key.fingerprint}


def reidentify(place: Place, pseudonym: str, purpose: str, approvals: Sequence[Path]) -> dict[str, Any]:
    """Re-identify a subject with the approvals of two key holders; logged before it returns, also when refused.

    Args:
        pseudonym, purpose: as typed by the user; text without the form of a pseudonym is not logged.

    Returns:
        The identities. PHI.

    Raises:
        RefusedError: not allowed; the request is in the log.
        AuditError: not logged, so nothing is returned; the approvals are used up.
    """
    with _held(place) as hand:
        try:
            event, found = _named(hand, pseudonym, purpose, approvals)
        except RefusedError as refused:
            subject = pseudonym if is_pseudonym(pseudonym) else ""
            hand.log.append([VaultChanged(action=VaultAction.REFUSED, subject=subject, reason=refused.why.value)])
            raise
        hand.log.append([event])
    return {"subject": pseudonym, "identities": [asdict(identity) for identity in found]}


def _named(
    hand: _OpenVault, pseudonym: str, purpose: str, approvals: Sequence[Path]
) -> tuple[VaultChanged, Sequence[Identity]]:
    """Return the identities of a subject (PHI), and the event to log before they are disclosed."""
    request = Request(vault=hand.vault.id, pseudonym=pseudonym, purpose=purpose_of(purpose))
    try:
        files = [path.read_bytes() for path in approvals]
    except OSError as error:
        raise RefusedError(Refusal.MALFORMED, f"approval: cannot be read ({os.strerror(error.errno or 0)})") from None
    keys = [load_verify_key(path, name=_APPROVER) for path in hand.recipe.vault.approvers]
    now = now_ms()
    leave = check_approvals(request, files, keys, now_ms=now)
    found = hand.vault.reidentify(pseudonym, leave, now_ms=now)
    event = VaultChanged(
        action=VaultAction.REIDENTIFIED,
        subject=pseudonym,
        subjects=1,
        reason=request.purpose.value,
        approvers=leave.approvers,
    )
    return event, found


def _standing(recipe: Recipe) -> list[Path]:
    if not (recipe.output / "release").is_dir():
        return []
    folders = release_folders(recipe.output)
    return [path for path in folders if overview(path).status is not ReleaseStatus.REVOKED]


def _documents(release: Release, names: Collection[str]) -> list[str]:
    """Return the ids of a subject's documents in a release, without those revoked before."""
    return sorted(
        document_id
        for batch in release.batches()
        for document_id, subject in zip(batch["document_id"].to_pylist(), batch["subject"].to_pylist(), strict=True)
        if subject in names
    )


def _take_back(release: Release, ids: Sequence[str], hand: _OpenVault, reason: RevocationReason) -> None:
    """Tombstone documents in a release, each logged first, and always remove its search index."""
    withdrawal = Withdrawal(
        folder=release.path,
        release_id=release.id,
        signer=hand.keys.release,
        reason=reason,
        log=hand.log,
        keys=key_folder(hand.recipe),
    )
    withdrawal.drop_index()
    if ids:
        withdrawal.documents(ids)


def _drop_work(recipe: Recipe) -> None:
    """Remove the stored shards of this raw zone's runs; a resumed run makes them again."""
    for shards in recipe.raw_zone.glob("work/*/shards"):
        Workspace(root=shards).remove()
        if shards.exists():
            raise RecipeError(
                "raw_zone: work files of an earlier run cannot be removed; nothing was erased from the vault"
            )


def _write_new(path: Path, data: bytes, what: str) -> None:
    try:
        with path.open("xb") as stream:
            stream.write(data)
    except OSError as error:
        raise RecipeError(f"{what} cannot be written ({os.strerror(error.errno or 0)})") from None


@contextmanager
def _held(place: Place) -> Iterator[_OpenVault]:
    recipe = place.load()
    with custody(vault_file(recipe), vault_key(recipe)) as held, _logged(recipe) as (keys, log):
        yield _OpenVault(recipe=recipe, keys=keys, vault=held, log=log)


@contextmanager
def _logged(recipe: Recipe) -> Iterator[tuple[Keys, AuditLog]]:
    """Open a sealed audit stream for this command: whoever may use the vault has the keys to sign with."""
    keys = load_keys(recipe)
    with open_log(recipe, keys, stream=f"vault-{now_ms():x}-{os.getpid()}", run_id="") as log:
        yield keys, log
