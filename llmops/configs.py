"""Locate the bundled policies: ``configs/`` in a checkout, ``llmops/_configs`` in an installed wheel."""

from pathlib import Path

from llmops.errors import RecipeError


def config_file(kind: str, name: str) -> Path:
    """Find a policy by bundled name, or by path.

    Args:
        kind: ``"deid"``, ``"quality"``, ``"release"`` or ``"evaluation"``.
        name: a bundled name such as ``"safe_harbor"``, or the path of a YAML file.

    Raises:
        RecipeError: neither a bundled name nor a file; the message lists the bundled names.
    """
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
        if path.is_file():
            return path
        raise RecipeError(f"{kind}: the file {name!r} does not exist")
    folder = _folder() / kind
    path = folder / f"{name}.yaml"
    if path.is_file():
        return path
    known = ", ".join(sorted(p.stem for p in folder.glob("*.yaml")))
    what = "suite" if kind == "evaluation" else "policy"
    raise RecipeError(f"{kind}: no bundled {what} {name!r}; bundled: {known}; or give the path of a .yaml file")


def _folder() -> Path:
    package = Path(__file__).parent
    installed = package / "_configs"
    return installed if installed.is_dir() else package.parent / "configs"
