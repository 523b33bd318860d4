"""Attacks by anyone who can write the output: planted names, altered releases, a rolled-back log."""

import json
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from llmops.keys import SigningKey, load_or_create_signing_key
from llmops.release.canonical import canonical
from llmops.release.signing import Purpose, sign
from tests.attacks.output import FOLDERS, NAMES, READERS, Attack
from tests.benchmarks.attacks import Case, Site

REFUSED, LEFT, STOPPED = "refused by name, the rest released", "replaced or left alone", "the run is refused"


def planted(attack: Attack, site: Site) -> str:
    """Plant something and rerun; the key must stay intact and must not be copied out."""
    secret = site.raw / "keys" / "release-signing.pem"
    before = secret.read_bytes(), secret.stat().st_mode
    attack.plant(site.output, secret)
    done = site.cli("run", site.recipe)
    if (secret.read_bytes(), secret.stat().st_mode) != before:
        return "the key is changed"
    plain = (path for path in site.output.rglob("*") if path.is_file() and not path.is_symlink())
    if any(b"PRIVATE KEY" in path.read_bytes() for path in plain if path.stat().st_nlink == 1):
        return "the key is copied out"
    if done.returncode in (5, 6):
        return STOPPED
    if done.returncode:
        return f"exit {done.returncode}"
    return REFUSED if f"audit stream {attack.stream or '?'} is refused" in done.stderr else LEFT


def in_release(change: Callable[[Path], None], site: Site) -> str:
    """Alter the release folder, then open it as a consumer does."""
    change(site.release)
    return (
        f"exit {site.cli('release', 'verify', site.output / 'release' / site.release.name, *site.keys[2:]).returncode}"
    )


def _flip(pattern: str, release: Path) -> None:
    (path,) = release.glob(pattern)
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def _fifo(release: Path) -> None:
    (path,) = release.glob("data/*.parquet")
    path.unlink()
    os.mkfifo(path)


def _link(release: Path) -> None:
    (path,) = release.glob("data/*.parquet")
    shutil.copy(path, release.parents[1] / "elsewhere.parquet")
    path.unlink()
    path.symlink_to(release.parents[1] / "elsewhere.parquet")


def _device(release: Path) -> None:
    (path,) = release.glob("data/*.parquet")
    path.unlink()
    path.symlink_to("/dev/zero")


def _resigned(site: Site) -> str:
    """Put terminal control characters in the rule, signed with the attacker's own key."""
    release = site.release
    signer = load_or_create_signing_key(site.root / "at" / "own.pem", name="llmops-release")
    signed_anew(release, signer, key=signer.public.vkey, rule="\x1b]0;owned\x07\x1b[2J")
    shown = site.cli("release", "show", release)
    if "\x1b" in shown.stdout + shown.stderr:
        return "terminal codes are printed"
    return f"exit {site.cli('release', 'verify', release, *site.keys[2:]).returncode}"


def signed_anew(release: Path, signer: SigningKey, **changes: str) -> None:
    """Change values of a manifest and sign it."""
    message = canonical({**json.loads((release / "manifest.json").read_bytes()), **changes}) + b"\n"
    for name, data in (("manifest.json", message), ("manifest.sig", sign(Purpose.MANIFEST, message, signer))):
        (release / name).chmod(0o644)
        (release / name).write_bytes(data)


def _another_release(site: Site) -> str:
    """Replace our release by one from another installation."""
    other = site.other().release
    place = site.output / "release" / other.name
    shutil.rmtree(site.release)
    shutil.copytree(other, place)
    return f"exit {site.cli('release', 'verify', place, *site.keys[2:]).returncode}"


def _without_tombstone(site: Site) -> str:
    """Revoke a document, then delete the revocation entry."""
    release = site.release
    shown = site.cli("audit", "show", site.output, "--kind", "document_released", "--json")
    found = json.loads(shown.stdout)[0]["document_id"]
    done = site.cli("release", "tombstone", release, found, "--key", site.raw / "keys" / "release-signing.pem")
    if done.returncode:
        return f"the tombstone fails with exit {done.returncode}"
    shutil.rmtree(site.output / "release" / "revocations")
    reader = site.cli("release", "verify", release, *site.keys[2:]).returncode
    officer = site.cli("audit", "verify", site.output, *site.keys, "--artifacts").returncode
    return f"reader: exit {reader}; audit verify --artifacts: exit {officer}"


def _replayed(site: Site) -> str:
    """Add a revocation signed by another installation."""
    other = site.other()
    key = other.raw / "keys" / "release-signing.pem"
    other.cli("release", "revoke", other.release, "--key", key, "--reason", "phi_found")
    (entries,) = (other.output / "release" / "revocations").iterdir()
    shutil.copytree(entries, site.output / "release" / "revocations" / site.release.name)
    return f"exit {site.cli('release', 'verify', site.release, *site.keys[2:]).returncode}"


def _rolled_back(site: Site) -> str:
    """Replace the whole output by an earlier copy."""
    earlier = site.output.with_name("earlier")
    shutil.copytree(site.output, earlier, symlinks=True)
    if site.cli("run", site.recipe).returncode:
        return "the second run fails"
    shutil.rmtree(site.output)
    earlier.rename(site.output)
    return f"next run: exit {site.cli('run', site.recipe).returncode}"


def _consumer(name: str, where: str, expected: str, attack: Callable[[Site], str]) -> Case:
    return Case(who="consumer", name=name, where=where, expected=expected, attack=attack)


CASES = (
    *(_consumer(one.name, "audit", REFUSED if one.stream else LEFT, partial(planted, one)) for one in READERS),
    *(_consumer(one.name, "output", LEFT, partial(planted, one)) for one in NAMES),
    *(_consumer(one.name, "output", STOPPED, partial(planted, one)) for one in FOLDERS),
    *(
        _consumer(f"flip a bit of {pattern}", "release", "exit 6", partial(in_release, partial(_flip, pattern)))
        for pattern in ("data/*.parquet", "withheld/*.parquet", "receipts/*.parquet", "manifest.json", "manifest.sig")
    ),
    _consumer("add a folder", "release", "exit 6", partial(in_release, lambda at: (at / "more").mkdir())),
    _consumer("add a file", "release", "exit 6", partial(in_release, lambda at: (at / "data" / "x").write_text("x"))),
    _consumer("a pipe for the data", "release", "exit 6", partial(in_release, _fifo)),
    _consumer("a link for the data", "release", "exit 6", partial(in_release, _link)),
    _consumer("a device for the data", "release", "exit 6", partial(in_release, _device)),
    _consumer("sign anew, with terminal codes", "release", "exit 6", _resigned),
    _consumer("exchange the release", "release", "exit 6", _another_release),
    _consumer(
        "remove a tombstone",
        "release/revocations",
        "reader: exit 0; audit verify --artifacts: exit 2",
        _without_tombstone,
    ),
    _consumer("replay another's revocation", "release/revocations", "exit 6", _replayed),
    _consumer("roll the output back", "output", "next run: exit 5", _rolled_back),
)
