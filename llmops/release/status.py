"""Overview of release folders without reading their documents: manifest facts and status."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from llmops.errors import ReleaseError
from llmops.keys import VerifyKey
from llmops.release.files import RELEASE_ID, read_regular, release_folder
from llmops.release.manifest import MANIFEST, SIGNATURE, Manifest, parse_manifest
from llmops.release.revocation import RevocationReason, read_revocations
from llmops.release.signing import Purpose, Trust, check, trust


class ReleaseStatus(StrEnum):
    """Status of a release folder: ``signed`` (its files were not checked), ``revoked`` or ``broken``."""

    SIGNED = "signed"
    REVOKED = "revoked"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Facts about a release from its manifest, signature and revocations.

    Args:
        name: name of the folder, the release id.
        status: its status.
        problem: what does not verify, if it is broken.
        reason: reason of its revocation.
        tombstones: number of tombstoned documents.
        manifest: the signed manifest; None if it is broken.
        pinned: whether the caller trusts the key.
    """

    name: str
    status: ReleaseStatus
    problem: str = ""
    reason: RevocationReason | None = None
    tombstones: frozenset[str] = frozenset()
    manifest: Manifest | None = None
    pinned: bool = False

    @property
    def created(self) -> str:
        """Return its creation time, UTC, ISO 8601; empty if it is broken."""
        return self.manifest.created if self.manifest is not None else ""


def overview(
    path: Path | str, trusted_keys: Sequence[VerifyKey | Path] = (), *, revocations: Path | None = None
) -> Overview:
    """Return the overview of a folder; never raises for a broken one. `open_release` checks its files as well.

    Args:
        path: the folder, ``<output>/release/<id>``, or ``.../latest``.
        trusted_keys: as in `open_release`.
        revocations: as in `open_release`.

    Raises:
        RecipeError: a trusted key cannot be read.
    """
    accepted = trust(trusted_keys)
    try:
        folder = release_folder(path)
        manifest, key = _signed(folder, accepted)
        found = read_revocations(folder, manifest.id, Trust((*accepted.keys, key)), revocations)
    except ReleaseError as error:
        return Overview(name=Path(path).name, status=ReleaseStatus.BROKEN, problem=str(error))
    return Overview(
        name=manifest.id,
        status=ReleaseStatus.SIGNED if found.revoked is None else ReleaseStatus.REVOKED,
        reason=found.revoked,
        tombstones=found.tombstones,
        manifest=manifest,
        pinned=accepted.pinned,
    )


def release_folders(path: Path) -> tuple[Path, ...]:
    """Return the release folders in ``path``, the ``release`` folder of an output or the output itself, by name.

    Revocations and leftovers of an interrupted writer are excluded.

    Raises:
        ReleaseError: there is no such folder.
    """
    inner = path / "release"
    folder = inner if inner.is_dir() else path
    try:
        return tuple(sorted(entry for entry in folder.iterdir() if RELEASE_ID.fullmatch(entry.name) and entry.is_dir()))
    except OSError:
        raise ReleaseError("the folder of releases does not exist or cannot be read") from None


def newest(seen: Iterable[Overview]) -> str:
    """Return the name of the last release made that is ``signed``; empty if there is none."""
    standing = [(one.created, one.name) for one in seen if one.status is ReleaseStatus.SIGNED]
    return max(standing)[1] if standing else ""


def _signed(folder: Path, accepted: Trust) -> tuple[Manifest, VerifyKey]:
    data = read_regular(folder / MANIFEST, MANIFEST)
    key = check(Purpose.MANIFEST, data, read_regular(folder / SIGNATURE, SIGNATURE), accepted, "the manifest")
    manifest = parse_manifest(data)
    if manifest.key != key.fingerprint:
        raise ReleaseError(f"release {manifest.id}: signed by another key than its manifest states")
    if RELEASE_ID.fullmatch(folder.name) and folder.name != manifest.id:
        raise ReleaseError(f"the folder named {folder.name} holds release {manifest.id}")
    return manifest, key
