"""Hybrid search over a verified release."""

from pathlib import Path

import pytest

from llmops.documents import Kind
from llmops.errors import RecipeError, ReleaseError
from llmops.keys import SigningKey
from llmops.release import Release, RevocationReason, revoke, tombstone
from llmops.retrieval import Filter, RetrievalConfig, Searcher, build_index
from llmops.retrieval.search import fuse


@pytest.fixture
def searcher(release: Release, tmp_path: Path) -> Searcher:
    """A hybrid search with small chunks."""
    config = RetrievalConfig(chunk_words=40)
    return Searcher(release, build_index(release, tmp_path / "index", config), config)


@pytest.mark.parametrize(
    ("query", "section"),
    [
        ("What was the ejection fraction?", "findings"),
        ("Which blood thinner does the patient take?", "medications"),
        ("Which anticoagulant is prescribed?", "medications"),
        ("drug allergies", "allergies"),
        ("EF", "findings"),
    ],
)
def test_the_passage_that_answers_is_found(searcher: Searcher, query: str, section: str) -> None:
    """The section that holds the answer is among the first two passages, also where only the meaning agrees."""
    assert section in {hit.chunk.section for hit in searcher.search(query, 2)}


def test_a_search_repeats_exactly(searcher: Searcher) -> None:
    """Same query, same release, same answer."""
    assert searcher.search("creatinine") == searcher.search("creatinine")


def test_a_hit_is_the_releases_own_text(searcher: Searcher, release: Release) -> None:
    """Text, offsets and subject are those of the document in the release."""
    for hit in searcher.search("potassium and hemoglobin", 3):
        document = release.document(hit.chunk.document_id)
        assert document.text[hit.chunk.start : hit.chunk.end] == hit.chunk.text
        assert hit.subject == document.subject


@pytest.mark.parametrize(
    ("where", "documents"),
    [
        (Filter(kind=Kind.REPORT), {"r1.0"}),
        (Filter(subject="S-two"), {"r3.0", "r4.0"}),
        (Filter(section="allergies"), {"r2.0"}),
        (Filter(subject="S-nobody"), set()),
    ],
)
def test_a_filter_narrows_the_search(searcher: Searcher, where: Filter, documents: set[str]) -> None:
    """Only the documents asked for, by words and by meaning alike."""
    assert {hit.chunk.document_id for hit in searcher.search("the patient", 20, where)} == documents


def test_a_tombstone_takes_a_document_out_of_an_open_search(
    searcher: Searcher, release: Release, signing_key: SigningKey
) -> None:
    """A searcher that has long been open serves nothing that was taken back a moment ago."""
    assert searcher.search("zebrafish study", 1)[0].chunk.document_id == "r4.0"
    tombstone(release.path, ["r4.0"], signing_key, RevocationReason.CONSENT_WITHDRAWN)
    assert "r4.0" not in {hit.chunk.document_id for hit in searcher.search("zebrafish study", 20)}


def test_a_revoked_release_is_not_searched(searcher: Searcher, release: Release, signing_key: SigningKey) -> None:
    """Revocation reaches an open searcher too."""
    revoke(release.path, signing_key, RevocationReason.PHI_FOUND)
    with pytest.raises(ReleaseError):
        searcher.search("ejection fraction")


def test_a_changed_part_is_never_served(searcher: Searcher, release: Release) -> None:
    """A byte changed in a shard after opening is found before a new search opens."""
    part = next(release.path.glob("data/*.parquet"))
    part.chmod(0o644)
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(bytes(content))
    with pytest.raises(ReleaseError):
        Searcher(release, searcher.index, searcher.config)


def test_words_alone_suffice(release: Release, tmp_path: Path) -> None:
    """Without an encoder the search is lexical, and says so in its ranks."""
    config = RetrievalConfig(use="bm25", chunk_words=40)
    (hit,) = Searcher(release, build_index(release, tmp_path / "index", config), config).search("apixaban", 1)
    assert (hit.bm25_rank, hit.dense_rank) == (1, None)


def test_a_hybrid_search_needs_vectors(release: Release, tmp_path: Path) -> None:
    """An index without vectors is not silently searched by words."""
    index = build_index(release, tmp_path / "index", RetrievalConfig(use="bm25"))
    with pytest.raises(ReleaseError, match="no vectors"):
        Searcher(release, index, RetrievalConfig())


def test_a_row_in_both_rankings_beats_one_in_either() -> None:
    """Reciprocal rank fusion; equal scores keep the order of the release."""
    assert [row for row, _ in fuse([1, 2], [3, 2])] == [2, 1, 3]


def test_asking_for_no_passage_is_refused(searcher: Searcher) -> None:
    """k must be positive."""
    with pytest.raises(RecipeError, match=r"retrieval\.k"):
        searcher.search("x", 0)


@pytest.mark.parametrize("query", ["", " \t\n", "\ud800", "\udcff\udcfe "])
def test_a_blank_query_finds_nothing(searcher: Searcher, query: str) -> None:
    """Also one of half characters alone: any passage would be as near as any other."""
    assert searcher.search(query) == ()


@pytest.mark.parametrize("query", ["???", "é" * 5000, "\x00", "\ud800 creatinine"])
def test_any_query_is_answered(searcher: Searcher, query: str) -> None:
    """Also one without a word."""
    assert len(searcher.search(query, 3)) <= 3
