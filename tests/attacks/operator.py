"""Attacks and mistakes by whoever supplies recipes and input."""

import json
import os
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tests.attacks.yaml_bombs import billion_laughs
from tests.benchmarks.attacks import Case, Site


def recipe_with(site: Site, **parts: Any) -> Path:
    """The site's recipe with other keys and its own output."""
    changed = {**json.loads(site.recipe.read_bytes()), "output": "out2", "raw_zone": "raw2", **parts}
    path = site.recipe.with_name("changed.yaml")
    path.write_text(json.dumps(changed))
    return path


def checked(parts: dict[str, Any], site: Site) -> str:
    """Run a changed recipe; return its message."""
    done = site.cli("run", recipe_with(site, **parts))
    made = (site.root / "at" / "out2" / "release").exists()
    return f"exit {done.returncode}, {'released' if made else 'nothing released'}"


def bomb(site: Site) -> str:
    """Use a YAML bomb as the recipe."""
    path = site.recipe.with_name("bomb.yaml")
    path.write_bytes(billion_laughs())
    return f"exit {site.cli('run', path).returncode}"


def policy_bomb(site: Site) -> str:
    """Use a YAML bomb as a policy."""
    path = site.recipe.with_name("policy.yaml")
    path.write_bytes(billion_laughs())
    return checked({"deid": {"policy": str(path)}}, site)


def given(make: Callable[[Path], None], site: Site) -> str:
    """Add a file to the input, run, and return the reasons for withholding."""
    make(site.root / "at" / "in")
    done = site.cli("run", recipe_with(site), "--json")
    if done.returncode:
        return f"exit {done.returncode}"
    summary = json.loads(done.stdout)
    reasons = ", ".join(summary["withheld"]["by_reason"]) or "nothing"
    return f"{reasons} withheld, {summary['counts']['released']} released"


def _zip(name: str, data: bytes, folder: Path) -> None:
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)


def _case(name: str, where: str, expected: str, attack: Callable[[Site], str]) -> Case:
    return Case(who="operator", name=name, where=where, expected=expected, attack=attack)


CASES = (
    _case("YAML bomb", "recipe", "exit 2", bomb),
    _case("YAML bomb", "policy", "exit 2, nothing released", policy_bomb),
    _case(
        "anchor at http://", "recipe", "exit 2, nothing released", partial(checked, {"anchor": "http://127.0.0.1:9/x"})
    ),
    _case("output in the raw zone", "recipe", "exit 2, nothing released", partial(checked, {"output": "raw2/out"})),
    _case("raw zone in the output", "recipe", "exit 2, nothing released", partial(checked, {"raw_zone": "out2/raw"})),
    _case(
        "input in the output", "recipe", "exit 2, nothing released", partial(checked, {"input": {"paths": ["out2"]}})
    ),
    _case("a pipe", "input", "unreadable withheld, 3 released", partial(given, lambda at: os.mkfifo(at / "p.txt"))),
    _case(
        "a link to a device",
        "input",
        "path_escape withheld, 3 released",
        partial(given, lambda at: (at / "z.txt").symlink_to("/dev/zero")),
    ),
    _case(
        "zip bomb",
        "input",
        "compression_ratio withheld, 3 released",
        partial(given, partial(_zip, "a.txt", b"Stable. " * (1 << 23))),
    ),
    _case(
        "path out of an archive",
        "input",
        "path_escape withheld, 3 released",
        partial(given, partial(_zip, "../../a.txt", b"Patient: Jane Roe, stable.")),
    ),
    _case(
        "nesting without end",
        "input",
        "too_deep withheld, 3 released",
        partial(given, lambda at: (at / "d.json").write_bytes(b'{"resourceType": "Patient", "a": ' + b"[" * 100_000)),
    ),
)
