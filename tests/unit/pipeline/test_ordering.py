"""Documents leave in the order of their ids, whatever the order they came in and however many there are."""

import hashlib
from random import Random

from llmops.documents import Kind, Provenance, QualityReport, ScoredDocument
from llmops.pipeline.ordering import Ordered


def document(number: int, text: str = "x") -> ScoredDocument:
    name = hashlib.sha256(str(number).encode()).hexdigest()
    return ScoredDocument(
        document_id=f"r{name[:20]}.{name[20:32]}",
        record_id=f"r{name[:20]}",
        subject="S1",
        kind=Kind.NOTE,
        text=text,
        policy_id="p@1",
        provenance=Provenance(format="text"),
        quality=QualityReport(score=1.0, dimensions=()),
    )


def test_more_documents_than_a_bucket_holds_come_out_sorted(tmp_path):
    """Over the edges of the buckets, too; copies are numbered in the order in which they came."""
    documents = [document(number) for number in range(4_500)]
    documents += [document(7, "second"), document(7, "third")]
    Random(3).shuffle(documents)
    with Ordered(tmp_path / "ordered", len(documents)) as ordered:
        assert len(list((tmp_path / "ordered").iterdir())) == 3
        for at in range(0, len(documents), 100):
            ordered.add(documents[at : at + 100])
        found = list(ordered.documents())
    names = [one.document_id for one, _ in found]
    assert names == sorted(names)
    assert len(names) == len(documents)
    copies = [(one.text, count) for one, count in found if one.document_id == document(7).document_id]
    came = [one.text for one in documents if one.document_id == document(7).document_id]
    assert copies == [(text, count) for count, text in enumerate(came)]
    assert sum(count > 0 for _, count in found) == 2


def test_nothing_that_has_not_passed_the_gate_is_left(tmp_path):
    """Neither of this attempt, nor of one that was killed."""
    folder = tmp_path / "ordered"
    folder.mkdir()
    (folder / "999.parquet").write_bytes(b"left by a kill")
    with Ordered(folder, 1) as ordered:
        ordered.add([document(1)])
        assert [one.document_id for one, _ in ordered.documents()] == [document(1).document_id]
    assert not folder.exists()
