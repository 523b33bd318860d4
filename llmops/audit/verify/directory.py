"""Verify an audit directory offline and read-only: signatures, roots, links and anchors, streaming."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from cryptography.x509 import Certificate

from llmops.audit import layout
from llmops.audit.anchors.object_store import StoredCheckpoint
from llmops.audit.anchors.timestamp import proven_times
from llmops.audit.checkpoint import Anchor
from llmops.audit.verdict import Finding, Status, Verdict
from llmops.audit.verify.artifacts import check_artifacts
from llmops.audit.verify.stream_check import StreamCheck
from llmops.keys import VerifyKey

_NOTHING: Final[Mapping[str, Collection[str]]] = MappingProxyType({})


def verify(
    directory: Path,
    trusted_keys: Sequence[VerifyKey] = (),
    anchors: Iterable[Anchor] = (),
    *,
    releases: Path | None = None,
    taken_back: Mapping[str, Collection[str]] = _NOTHING,
    stamped: Iterable[StoredCheckpoint] = (),
    authorities: Sequence[Certificate] = (),
) -> Verdict:
    """Verify an audit directory; writes nothing and needs no network.

    Args:
        directory: the audit directory.
        trusted_keys: the keys that may have signed it. Without any, the keys beside the log are used and the
            verdict is at best warnings: whoever can rewrite the log can rewrite those too.
        anchors: sizes and roots kept elsewhere, e.g. in a release manifest; the log must extend every one of them,
            which detects a log and its checkpoints rolled back together.
        stamped: checkpoints with time stamps; valid ones count as anchors, wherever they were stored.
        authorities: the certificates that time stamps must come from.
        releases: a folder of releases; those that the log says were published must be there unchanged.
        taken_back: revocations by signed entries beside them, by release id: ids of documents, an empty one for the
            whole release. It must contain every revocation of the log.

    Returns:
        Intact only if every stream is sealed to its end by a trusted key and extends an anchor.
    """
    times, unproven = proven_times(stamped, authorities) if authorities else ((), ())
    stood = (Anchor(stream=time.stream, size=time.size, root=time.root) for time in times)
    wanted = (*anchors, *stood)
    names = sorted({*layout.streams(directory), *(anchor.stream for anchor in wanted)})
    if not directory.is_dir() or not names:
        return Verdict(findings=(_nothing_there(),), streams=())
    findings: list[Finding] = [*([] if trusted_keys else [_unpinned()]), *unproven]
    checks = {name: _check(directory, name, trusted_keys, wanted) for name in names}
    for check in checks.values():
        findings += _crossed(check, checks)
    for name in names:
        findings += checks[name].close()
    if releases is not None:
        published = (event for check in checks.values() for event in check.published)
        revoked = (event for check in checks.values() for event in check.revoked)
        findings += check_artifacts(releases, published, revoked, taken_back)
    return Verdict(findings=tuple(findings), streams=tuple(checks[name].report() for name in names), times=times)


def _check(directory: Path, name: str, keys: Sequence[VerifyKey], anchors: Sequence[Anchor]) -> StreamCheck:
    check = StreamCheck(directory, name, keys, [anchor for anchor in anchors if anchor.stream == name])
    check.run()
    return check


def _crossed(check: StreamCheck, checks: dict[str, StreamCheck]) -> list[Finding]:
    """Compare the anchors that this stream records with the other streams."""
    findings = []
    for anchor in check.sealings:
        other = checks.get(anchor.stream)
        if other is None or not other.agrees(anchor):
            what = f"stream {check.stream} says it held {anchor.size} events under another root; it does not now"
            findings.append(Finding(status=Status.TAMPERED, stream=anchor.stream, what=what, end=anchor.size))
    return findings


def _nothing_there() -> Finding:
    return Finding(status=Status.CANNOT_VERIFY, stream="", what="no audit streams can be read there")


def _unpinned() -> Finding:
    what = "no trusted key was given; signatures were checked against the keys that lie beside the log"
    return Finding(status=Status.WARNINGS, stream="", what=what)
