"""Turn clinical records into signed de-identified releases: the public names, loaded on first use.

`run` a recipe, `open_release` what it published, `stream` it to a training job, or use the `Deidentifier` alone.

Importing this package sets ``ORT_DISABLE_TELEMETRY=1`` in the process environment: ONNX Runtime otherwise reports to
its vendor and writes a device id into the home folder. The variable must be set before ONNX Runtime is imported.
"""

import os
import sys
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from llmops.deid import Deidentifier
    from llmops.release import Release, open_release
    from llmops.runner import RunResult, run
    from llmops.training import stream

if "onnxruntime" in sys.modules and os.environ.get("ORT_DISABLE_TELEMETRY") != "1":
    warnings.warn(
        "onnxruntime was imported before llmops and may report to its vendor; import llmops first", stacklevel=2
    )
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__all__ = ["Deidentifier", "Release", "RunResult", "open_release", "run", "stream"]

# Importing a name here loads Presidio, spaCy or Arrow only when the name is used.
_HOME: Final = {
    "Deidentifier": "llmops.deid",
    "Release": "llmops.release",
    "RunResult": "llmops.runner",
    "open_release": "llmops.release",
    "run": "llmops.runner",
    "stream": "llmops.training",
}


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
