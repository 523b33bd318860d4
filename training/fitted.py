"""Tell whether the shipped judge was fitted to the code it runs with: ``python -m training.fitted``, in ``make check``.

The judge weighs what recognizers, vocabulary and evidence say. A change to one of them makes its trees stale: they
still run, and are worse by an unknown amount. ``training/fitted.json`` holds the digests of what they were fitted to.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from llmops.versions import without_docstrings

_ROOT: Final = Path(__file__).resolve().parents[1]
_DETECT: Final = _ROOT / "llmops/deid/detect"
RECORD: Final = Path(__file__).parent / "fitted.json"
_REFIT: Final = "fit the judge again: python -m training --only-judge (21 minutes), or make train-ner for both"
_ACCEPT: Final = "python -m training.fitted --accept"


def digests() -> dict[str, str]:
    """SHA-256 (hex) of each part that the judge is fitted to, docstrings left out."""
    return {
        "evidence": _digest((_DETECT / "judge").glob("*.py")),
        "recognizers": _digest((_DETECT / "recognizers").rglob("*.py")),
        "vocabulary": _digest((_ROOT / "llmops/deid/vocabulary").iterdir()),
    }


def main() -> None:
    """Compare, or with ``--accept`` record what is there; exit 1 names each part that changed and the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accept", action="store_true", help="record the code as it is")
    if parser.parse_args().accept:
        RECORD.write_text(json.dumps(digests(), indent=1) + "\n", encoding="utf-8")
        return
    recorded = json.loads(RECORD.read_bytes())
    changed = [part for part, digest in digests().items() if recorded.get(part) != digest]
    if changed:
        sys.exit(
            f"changed since the judge was fitted: {', '.join(changed)}\n{_REFIT}; or measure with make bench-deid that "
            f"the change needs none, then {_ACCEPT}"
        )


def _digest(files: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for path in sorted(path for path in files if path.suffix in (".py", ".txt")):
        content = path.read_bytes()
        whole.update(path.name.encode() + b"\0" + (without_docstrings(content) if path.suffix == ".py" else content))
    return whole.hexdigest()


if __name__ == "__main__":
    main()
