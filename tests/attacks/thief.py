"""Test what a thief can and cannot do with each file, and with two together."""

import json
import shutil
from collections.abc import Callable
from functools import partial

from llmops.audit.checkpoint import sign_checkpoint
from llmops.audit.log.merkle import leaf_hash, root_of
from llmops.keys import load_signing_key
from tests.attacks.consumer import signed_anew
from tests.benchmarks.attacks import NAMES, Case, Site

CANARIES = (*(word.encode() for name in NAMES for word in name.split()), b"7731003", b"03/04/1951")


def reads(pattern: str, site: Site) -> str:
    """Search stolen files for text of the notes."""
    paths = [path for path in site.root.glob(f"at/{pattern}") if path.is_file()]
    if not paths:
        return "not there"
    found = any(canary in path.read_bytes() for path in paths for canary in CANARIES)
    return "reads PHI" if found else "reads no PHI"


def _with_vault(site: Site, *stolen: str) -> str:
    """Copy files to the thief's own raw zone and query the vault there."""
    own = site.other()
    for name in stolen:
        shutil.copy(site.raw / name, own.raw / name)
    done = site.cli("vault", "status", own.recipe, "--json")
    return "opens" if done.returncode == 0 else "does not open"


def _guesses(site: Site, *stolen: str) -> str:
    """Run guessed records and compare the ids with the released ones."""
    own = site.other()
    shutil.rmtree(own.output)
    shutil.rmtree(own.raw / "work")
    (own.raw / "vault.sqlite").unlink()
    shutil.rmtree(own.root / "at" / "in")
    shutil.copytree(site.root / "at" / "in", own.root / "at" / "in")
    for name in stolen:
        shutil.copy(site.raw / "keys" / name, own.raw / "keys" / name)
    if site.cli("run", own.recipe).returncode:
        return "the run fails"
    return "guesses confirmed" if _ids(own) & _ids(site) else "nothing told"


def _ids(site: Site) -> set[str]:
    shown = [json.loads(line) for path in site.output.glob("audit/*.jsonl") for line in path.read_text().splitlines()]
    return {event["document_id"] for event in shown if event["kind"] == "document_released"}


def _forged_release(site: Site) -> str:
    """Sign a changed manifest with the stolen key."""
    release = site.release
    signer = load_signing_key(site.raw / "keys" / "release-signing.pem", name="llmops-release")
    signed_anew(release, signer, created="2030-01-01")
    reader = site.cli("release", "verify", release, *site.keys[2:]).returncode
    officer = site.cli("audit", "verify", site.output, *site.keys, "--artifacts").returncode
    return f"reader: exit {reader}; audit verify --artifacts: exit {officer}"


def _forged_log(site: Site, *, anchored: bool) -> str:
    """Truncate the run's own stream to half and seal it with the stolen key."""
    signer = load_signing_key(site.raw / "keys" / "audit-signing.pem", name="llmops-audit")
    path = min(site.output.glob("audit/run-*.jsonl"), key=lambda path: len(path.name))
    lines = path.read_bytes().splitlines(keepends=True)[: len(path.read_bytes().splitlines()) // 2]
    path.write_bytes(b"".join(lines))
    root = root_of([leaf_hash(line.rstrip(b"\n")) for line in lines])
    sealed = sign_checkpoint(signer, stream=path.stem, size=len(lines), root=root)
    path.with_suffix(".checkpoints").write_bytes(sealed.note + b"\n")
    for tree in path.parent.glob("*.tree"):
        tree.unlink()
    (anchors,) = site.raw.glob("work/*/anchors")
    if not anchored:
        shutil.rmtree(site.output / "release")
    keeping = ("--anchor", anchors) if anchored else ()
    verdict = site.cli("audit", "verify", site.output, *site.keys, *keeping).returncode
    return f"audit verify: exit {verdict}"


def _thief(name: str, where: str, expected: str, attack: Callable[[Site], str]) -> Case:
    return Case(who="thief", name=name, where=where, expected=expected, attack=attack)


CASES = (
    _thief("read it", "vault.sqlite", "reads no PHI", partial(reads, "raw/vault.sqlite*")),
    _thief("read them", "keys", "reads no PHI", partial(reads, "raw/keys/*")),
    _thief("read them", "release, audit, report, summary", "reads no PHI", partial(reads, "out/**/*")),
    _thief("read it", "input", "reads PHI", partial(reads, "in/*")),
    _thief(
        "open it with a key of their own",
        "vault.sqlite",
        "does not open",
        lambda site: _with_vault(site, "vault.sqlite"),
    ),
    _thief(
        "open it",
        "vault.sqlite and vault.key",
        "opens",
        lambda site: _with_vault(site, "vault.sqlite", "keys/vault.key"),
    ),
    _thief("guess records by their ids", "release", "nothing told", _guesses),
    _thief(
        "guess records by their ids",
        "release and source-ids.key",
        "guesses confirmed",
        lambda site: _guesses(site, "source-ids.key"),
    ),
    _thief(
        "sign a changed release",
        "release-signing.pem",
        "reader: exit 0; audit verify --artifacts: exit 2",
        _forged_release,
    ),
    _thief("seal a shorter log", "audit-signing.pem", "audit verify: exit 2", partial(_forged_log, anchored=True)),
    _thief(
        "seal a shorter log, no anchor left",
        "audit-signing.pem and the releases",
        "audit verify: exit 1",
        partial(_forged_log, anchored=False),
    ),
)
