"""Build, store and open the search index of one release; an index ranks passages and holds no text."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from llmops.documents import ReleasedDocument
from llmops.errors import RecipeError, ReleaseError
from llmops.plain_files import read_file
from llmops.release import Release, verified
from llmops.retrieval.bm25 import Bm25
from llmops.retrieval.chunk import Chunk, chunks
from llmops.retrieval.config import RetrievalConfig
from llmops.retrieval.embed import MiniLmEmbeddings, Vectors
from llmops.retrieval.files import file_digests, index_place, only_builder, replace_folder

MANIFEST: Final = "index.json"
FORMAT: Final = 1
_TITLE_CHARS: Final = 80
_SCHEMA: Final = pa.schema(
    [
        ("chunk_id", pa.string()),
        ("document_id", pa.string()),
        ("sha256", pa.string()),
        ("section", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("kind", pa.string()),
        ("doc_type", pa.string()),
        ("subject", pa.string()),
    ]
)


class Encoder(Protocol):
    """Dense encoder of an index; LangChain ``Embeddings`` conform."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed passages, in order."""
        ...

    def embed_query(self, text: str) -> list[float]:
        """Embed a query."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Ranking data of one release: a row per chunk.

    Args:
        release_id: the release it was built from.
        config: its build configuration.
        model_id: name and digest of the encoder; empty without one.
        digest: hex SHA-256 of the index manifest, for audit and evaluation.
        rows: chunk ids, hashes and filter fields; no text.
        bm25: lexical scores by row.
        vectors: unit vectors by row, or ``None``.
    """

    release_id: str
    config: RetrievalConfig
    model_id: str
    digest: str
    rows: pa.Table
    bm25: Bm25
    vectors: Vectors | None

    def __len__(self) -> int:
        return int(self.rows.num_rows)


def build_index(
    release: Release, directory: Path, config: RetrievalConfig, *, embeddings: Encoder | None = None
) -> Index:
    """Index a verified release into ``directory`` atomically, replacing an existing index.

    Args:
        release: an opened release; it is verified again.
        directory: the index folder.
        config: chunking and ranking.
        embeddings: an encoder in place of the bundled one; ignored by ``use="bm25"``.

    Raises:
        ReleaseError: the release does not verify, or the index cannot be written.
        RecipeError: ``directory`` holds something that is no index.
        MissingExtraError: the bundled encoder is not installed.
    """
    verified(release)
    if directory.exists() and any(directory.iterdir()) and not (directory / MANIFEST).is_file():
        raise RecipeError("retrieval: the index folder holds other files; name an empty or new folder")
    encoder = encoder_of(config, embeddings) if config.dense else None
    rows, texts = _rows(release, config)
    bm25 = Bm25.of(texts)
    vectors = _embed(encoder, texts) if encoder is not None else None

    def fill(folder: Path) -> None:
        pq.write_table(rows, folder / "chunks.parquet")
        bm25.save(folder / "bm25")
        if vectors is not None:
            np.save(folder / "vectors.npy", vectors, allow_pickle=False)
        _write_manifest(folder, release, config, _model_id(encoder), rows.num_rows)

    replace_folder(directory, fill)
    return open_index(directory, release)


def open_index(directory: Path, release: Release) -> Index:
    """Open an index built from exactly this release.

    Raises:
        ReleaseError: it is missing, altered, from another release, or older than a change to the release's manifest.
    """
    verified(release)
    manifest = _read_manifest(directory)
    if manifest["release_id"] != release.id or manifest["release_manifest"] != manifest_digest(release):
        raise ReleaseError("the index belongs to another release; build it again")
    try:
        files = {name: value for name, value in file_digests(directory).items() if name != MANIFEST}
    except OSError:
        raise ReleaseError("the index cannot be read; build it again") from None
    if files != manifest["files"]:
        raise ReleaseError("the index does not match its digests; build it again")
    return _load(directory, manifest)


def load_or_build(
    release: Release, directory: Path, config: RetrievalConfig | None, *, embeddings: Encoder | None = None
) -> Index:
    """Open the index in ``directory``, or build it if it is missing, altered, stale or configured differently.

    Of several processes that need it built, one builds and the others wait.

    Args:
        release: an opened release; it is verified again.
        directory: the index folder.
        config: required configuration; ``None`` accepts the existing one, or the defaults if there is none.
        embeddings: an encoder in place of the bundled one.

    Raises:
        ReleaseError: the release does not verify, or the index cannot be written.
    """
    wanted = config or configuration(directory) or RetrievalConfig()
    index = _standing(release, directory, wanted, embeddings)
    if index is not None:
        return index
    with only_builder(directory):
        index = _standing(release, directory, wanted, embeddings)
        return index if index is not None else build_index(release, directory, wanted, embeddings=embeddings)


def configuration(directory: Path) -> RetrievalConfig | None:
    """Build configuration recorded in ``directory``, even if the index cannot be opened; ``None`` if there is none."""
    try:
        return RetrievalConfig(**_read_manifest(directory)["config"])
    except (ReleaseError, RecipeError, KeyError, TypeError):
        return None


def index_folder(release: Release) -> Path:
    """Path of a release's index: beside the release folders, since a release never changes."""
    return index_place(release.path, release.id)


def encoder_of(config: RetrievalConfig, embeddings: Encoder | None) -> Encoder:
    """The encoder given, or the bundled one."""
    return embeddings if embeddings is not None else MiniLmEmbeddings(threads=config.threads)


def searchable(document: ReleasedDocument, chunk: Chunk) -> str:
    """Searchable text of a chunk: its text after the document's title, or else first line, and the section name."""
    title = document.title or document.text.lstrip().partition("\n")[0][:_TITLE_CHARS]
    if chunk.text.startswith(title):
        title = ""  # the chunk contains it: a repetition would double the encoder's cost
    heading = f"{title} {chunk.section.replace('_', ' ')}".strip()
    return f"{heading}\n{chunk.text}" if heading else chunk.text


def manifest_digest(release: Release) -> str:
    """The hex SHA-256 of the release's signed manifest."""
    return hashlib.sha256(read_file(release.path / "manifest.json")).hexdigest()


def _rows(release: Release, config: RetrievalConfig) -> tuple[pa.Table, list[str]]:
    rows: list[dict[str, Any]] = []
    texts: list[str] = []
    for document in release.documents():
        for chunk in chunks(document, config):
            rows.append(_row(document, chunk))
            texts.append(searchable(document, chunk))
    return pa.Table.from_pylist(rows, schema=_SCHEMA), texts


def _row(document: ReleasedDocument, chunk: Chunk) -> dict[str, Any]:
    return {
        "chunk_id": chunk.chunk_id,
        "document_id": chunk.document_id,
        "sha256": chunk.sha256,
        "section": chunk.section,
        "start": chunk.start,
        "end": chunk.end,
        "kind": document.kind.value,
        "doc_type": document.doc_type,
        "subject": document.subject,
    }


def _embed(encoder: Encoder, texts: Sequence[str]) -> Vectors:
    if isinstance(encoder, MiniLmEmbeddings):
        return encoder.embed(texts)
    vectors = np.asarray(encoder.embed_documents(list(texts)), dtype=np.float32).reshape(len(texts), -1)
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def _model_id(encoder: Encoder | None) -> str:
    if encoder is None:
        return ""
    return encoder.model_id if isinstance(encoder, MiniLmEmbeddings) else f"python:{type(encoder).__qualname__}"


def _write_manifest(folder: Path, release: Release, config: RetrievalConfig, model_id: str, count: int) -> None:
    manifest = {
        "format": FORMAT,
        "release_id": release.id,
        "release_manifest": manifest_digest(release),
        "config": asdict(config),
        "model_id": model_id,
        "chunks": count,
        "files": file_digests(folder.resolve()),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", "utf-8")


def _standing(release: Release, directory: Path, config: RetrievalConfig, embeddings: Encoder | None) -> Index | None:
    if not (directory / MANIFEST).is_file():
        return None
    try:
        index = open_index(directory, release)
    except ReleaseError:
        verified(release)  # a bad release must not be mistaken for a stale index
        return None
    wanted = _model_id(encoder_of(config, embeddings)) if config.dense else ""
    return index if index.config == config and index.model_id == wanted else None


def _read_manifest(directory: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(read_file(directory / MANIFEST))
        known = manifest["format"] == FORMAT and {"release_id", "release_manifest", "files"} <= manifest.keys()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        known = False
    if not known:
        raise ReleaseError("there is no usable index; build it again") from None
    return dict(manifest)


def _load(directory: Path, manifest: dict[str, Any]) -> Index:
    vectors = directory / "vectors.npy"
    try:
        return Index(
            release_id=manifest["release_id"],
            config=RetrievalConfig(**manifest["config"]),
            model_id=manifest["model_id"],
            digest=hashlib.sha256(read_file(directory / MANIFEST)).hexdigest(),
            rows=pq.read_table(directory / "chunks.parquet", schema=_SCHEMA),
            bm25=Bm25.load(directory / "bm25"),
            vectors=np.load(vectors, mmap_mode="r", allow_pickle=False) if vectors.is_file() else None,
        )
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException, RecipeError):
        raise ReleaseError("the index cannot be read; build it again") from None
