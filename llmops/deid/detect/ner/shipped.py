"""Open the shipped model files after checking them against their pins."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from llmops.deid.detect.ner.labels import LABELS, TAGS
from llmops.errors import RecipeError

SHIPPED: Final = Path(__file__).parent / "model"
"""Folder of the shipped model."""

CARD: Final = "model.json"
NETWORK: Final = "model.onnx"
VOCABULARY: Final = "tokenizer.json"
TREES: Final = "judge.onnx"
LEXICON: Final = "lexicon.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFiles:
    """A model whose files match their pins.

    Args:
        network: bytes of the ONNX graph.
        vocabulary: JSON of the tokenizer.
        thresholds: minimum PHI probability at which a word is reported, by its likeliest label.
        core: maximum pieces one window decides.
        context: maximum context pieces on each side.
        digest: SHA-256 of the model card, which pins the other files; identifies the model in a chain fingerprint.
    """

    network: bytes = field(repr=False)
    vocabulary: str = field(repr=False)
    thresholds: dict[str, float]
    core: int
    context: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeFiles:
    """A judge whose files match their pins.

    Args:
        trees: bytes of the ONNX tree ensemble.
        lexicon: JSON of the training-note word counts.
        threshold: minimum probability at which a word is PHI.
    """

    trees: bytes = field(repr=False)
    lexicon: str = field(repr=False)
    threshold: float


def open_judge(folder: Path = SHIPPED) -> JudgeFiles:
    """Read the judge fitted to the network of a model folder.

    Raises:
        RecipeError: a file is missing or not the pinned one.
    """
    try:
        card = json.loads((folder / CARD).read_bytes())
        return JudgeFiles(
            trees=_pinned(folder, TREES, card),
            lexicon=_pinned(folder, LEXICON, card).decode("utf-8"),
            threshold=float(card["judge"]["threshold"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecipeError(f"deid.ner: the files of the judge cannot be read ({type(error).__name__})") from None


def open_model(folder: Path = SHIPPED) -> ModelFiles:
    """Read a model folder.

    Raises:
        RecipeError: a file is missing, not the pinned one, or of another kind of model.
    """
    try:
        raw = (folder / CARD).read_bytes()
        card = json.loads(raw)
        network = _pinned(folder, NETWORK, card)
        vocabulary = _pinned(folder, VOCABULARY, card).decode("utf-8")
        thresholds = {label: float(card["thresholds"][label]) for label in LABELS}
        core, context = int(card["core"]), int(card["context"])
        tags = tuple(card["tags"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecipeError(f"deid.ner: the model files cannot be read ({type(error).__name__})") from None
    if tags != TAGS or core < 1 or context < 0:
        raise RecipeError("deid.ner: the model was made for another version of llmops")
    return ModelFiles(
        network=network,
        vocabulary=vocabulary,
        thresholds=thresholds,
        core=core,
        context=context,
        digest=hashlib.sha256(raw).hexdigest(),
    )


def _pinned(folder: Path, name: str, card: Any) -> bytes:
    content = (folder / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != card["sha256"][name]:
        raise RecipeError(f"deid.ner: {name} is not the file that {CARD} pins; install the package anew")
    return content
