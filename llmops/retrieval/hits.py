"""Filters and results of a search."""

from dataclasses import dataclass

from llmops.documents import Kind
from llmops.retrieval.chunk import Chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Restrict a search to some documents; an empty field matches everything.

    Args:
        kind: note, report, summary or genomic.
        doc_type: LOINC code of the document type.
        section: normalised section name.
        subject: pseudonym of one patient.
    """

    kind: Kind | None = None
    doc_type: str = ""
    section: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One search result.

    Args:
        chunk: the passage, cut from the verified release.
        score: fused score; comparable within one query only.
        bm25_rank: 1-based lexical rank; ``None`` if the passage shares no word with the query.
        dense_rank: 1-based dense rank; ``None`` if it was not among the candidates.
        subject: pseudonym of the patient.
        kind: kind of the document.
        title: title of the document.
    """

    chunk: Chunk
    score: float
    bm25_rank: int | None
    dense_rank: int | None
    subject: str
    kind: Kind
    title: str
