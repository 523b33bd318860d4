"""The manifest: everything that a release binds together, and the id of its content."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from typing import Final, Literal

from pydantic import TypeAdapter, ValidationError

from llmops.audit.checkpoint import Anchor
from llmops.errors import ReleaseError
from llmops.keys import VerifyKey
from llmops.release.canonical import canonical, digest
from llmops.release.gate import LimitCheck
from llmops.release.parts import Part

FORMAT: Final = "llmops-release/1"
README, MANIFEST, SIGNATURE = "README.md", "manifest.json", "manifest.sig"
SCORECARD, REPORT = "scorecard.json", "report.html"
CROISSANT, PROVENANCE = "croissant.json", "provenance.json"
DATA, WITHHELD, RECEIPTS = "data", "withheld", "receipts"

_ID_DIGITS: Final = 16
_MAX_MANIFEST: Final = 64 * 2**20
_FILES: Final = [README, CROISSANT, PROVENANCE, REPORT, SCORECARD]
_PART_PATH: Final = re.compile(r"(data|withheld|receipts)/part-[0-9]{5,7}\.parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFacts:
    """Facts of a run about its release beyond the files. Digests are hex; pairs are sorted by name.

    Args:
        policy_id: de-identification policy, ``"<name>@<digest>"``; its digest covers the rule.
        rule: the rule that it was checked against, e.g. ``"safe_harbor"``.
        section: citation of that rule, e.g. ``"45 CFR 164.514(b)(2)"``.
        recipe_digest: digest of the resolved recipe.
        quality_policy_digest: digest of the quality policy.
        gate_policy_digest: digest of the gate policy.
        models: ``(name, digest)`` of every model used.
        code_version: version of the package.
        verdicts: the gate's checks on the run.
        counts: ``(name, number)``; no PHI in names.
        residual_risk: ``(figure, value)``, e.g. ``("max", 0.02)``.
        audit: anchor of each audit stream when the release was decided.
        created: UTC, ISO 8601, to the second, or the date alone; not part of the release's id.
        key: the public key that verifies the release.
        title: name of the data set in its card; no PHI.
    """

    policy_id: str
    rule: str
    section: str
    recipe_digest: str
    quality_policy_digest: str
    gate_policy_digest: str
    models: tuple[tuple[str, str], ...]
    code_version: str
    verdicts: tuple[LimitCheck, ...]
    counts: tuple[tuple[str, int], ...]
    residual_risk: tuple[tuple[str, float], ...]
    audit: tuple[Anchor, ...]
    created: str
    key: VerifyKey
    title: str = "De-identified clinical documents"

    def __post_init__(self) -> None:
        datetime.fromisoformat(self.created)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDigest:
    """One file of a release other than a Parquet part: relative path, SHA-256 (hex), size in bytes."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Content that determines the release id: the same records under the same rules give the same id.

    Receipts, audit anchors and dates are excluded: a run that was killed and resumed has other ones.
    """

    data: tuple[Part, ...]
    withheld: tuple[Part, ...]
    columns: tuple[tuple[str, str], ...]
    policy_id: str
    recipe_digest: str
    quality_policy_digest: str
    gate_policy_digest: str
    models: tuple[tuple[str, str], ...]
    code_version: str

    @property
    def release_id(self) -> str:
        """Return the first 16 hex digits of the SHA-256 of the canonical JSON."""
        return digest(canonical(asdict(self)))[:_ID_DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The signed statement of a release's content and of the rules that it passed.

    It proves "passed policy P with checks C", never "contains no PHI". ``rule`` and ``section`` are those of P; empty
    in releases made before these fields existed.
    """

    format: Literal["llmops-release/1"]
    id: str
    created: str
    content: Content
    receipts: tuple[Part, ...]
    files: tuple[FileDigest, ...]
    verdicts: tuple[LimitCheck, ...]
    counts: tuple[tuple[str, int], ...]
    residual_risk: tuple[tuple[str, float], ...]
    audit: tuple[Anchor, ...]
    key: str
    rule: str = ""
    section: str = ""

    @property
    def rows(self) -> int:
        """Return the number of documents in the data parts."""
        return sum(part.rows for part in self.content.data)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return every Parquet part: data, withheld, receipts."""
        return self.content.data + self.content.withheld + self.receipts

    @property
    def bound(self) -> tuple[FileDigest | Part, ...]:
        """Return every file whose digest the manifest holds."""
        return self.files + self.parts

    @property
    def paths(self) -> frozenset[str]:
        """Return the exact set of files that the release folder must hold."""
        return frozenset([MANIFEST, SIGNATURE, *(item.path for item in self.bound)])

    def to_bytes(self) -> bytes:
        """Return the bytes of ``manifest.json``."""
        plain = asdict(self)
        for name in ("rule", "section"):
            if not plain[name]:
                del plain[name]
        return canonical(plain) + b"\n"


def parse_manifest(data: bytes) -> Manifest:
    """Parse ``manifest.json``; its signature must have been checked before.

    Raises:
        ReleaseError: not a manifest of this format, not in canonical bytes, or inconsistent.
    """
    if len(data) > _MAX_MANIFEST:
        raise ReleaseError("the manifest is larger than any release needs")
    try:
        manifest = _adapter().validate_json(data, strict=True)
    except ValidationError:
        raise ReleaseError(f"the manifest is not of the format {FORMAT} that this version reads") from None
    if manifest.to_bytes() != data:
        raise ReleaseError("the manifest is not in its canonical form")
    _check(manifest)
    return manifest


@cache
def _adapter() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)


def _check(manifest: Manifest) -> None:
    if manifest.content.release_id != manifest.id:
        raise ReleaseError("the release id is not that of its content")
    _check_folder(manifest.content.data, DATA)
    _check_folder(manifest.content.withheld, WITHHELD)
    _check_folder(manifest.receipts, RECEIPTS)
    if [item.path for item in manifest.files] != _FILES:
        raise ReleaseError("the manifest does not name the files of a release")
    if sum(part.rows for part in manifest.receipts) != manifest.rows:
        raise ReleaseError("the manifest does not count one receipt for each document")


def _check_folder(parts: Iterable[Part], folder: str) -> None:
    paths = [part.path for part in parts]
    wanted = all(_PART_PATH.fullmatch(path) and path.startswith(f"{folder}/") for path in paths)
    if not paths or not wanted or sorted(set(paths)) != paths:
        raise ReleaseError(f"the manifest does not name the parts of {folder}")
