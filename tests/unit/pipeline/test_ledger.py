"""The ledger of each release is kept whole, or the one before it is."""

from llmops.documents import Locator
from llmops.pipeline import Decision, LedgerWriter, Place, ledgers


def kept(root, name, release, output="o", records=("r1", "r2")):
    with LedgerWriter(root, name, output=output) as writer:
        for number, record in enumerate(records):
            at = Locator(container=f"{name}.csv", start=number, end=number + 1, rows=True)
            writer.place(Place(record_id=record, document_id=f"{record}.a", locator=at, content_key="k", subject="S1"))
            writer.decide(
                Decision(record_id=record, document_id=f"{record}.a", reason="duplicate", duplicate_of="r0.a")
            )
        writer.keep(release)


def test_a_ledger_says_where_records_lay_and_what_became_of_them(tmp_path):
    """Of some records, or of all."""
    kept(tmp_path, "run-1", "A")
    (ledger,) = ledgers(tmp_path)
    assert (ledger.name, ledger.release, ledger.output) == ("run-1", "A", "o")
    (place,) = ledger.places(["r2"])
    assert place.locator == Locator(container="run-1.csv", start=1, end=2, rows=True)
    assert (place.content_key, place.subject) == ("k", "S1")
    assert "run-1.csv" not in repr(place)
    assert [decision.record_id for decision in ledger.decisions()] == ["r1", "r2"]
    assert [decision.duplicate_of for decision in ledger.decisions(["r1"])] == ["r0.a"]


def test_one_ledger_stands_for_each_release_and_one_for_the_last_run_without(tmp_path):
    """What was released stays known for ever: a tombstone asks for it."""
    kept(tmp_path, "run-1", "A")
    kept(tmp_path, "run-2", "")
    kept(tmp_path, "run-3", "", output="other")
    kept(tmp_path, "run-4", "B")
    assert [ledger.name for ledger in ledgers(tmp_path)] == ["run-1", "run-3", "run-4"]
    kept(tmp_path, "run-5", "A")
    assert [ledger.name for ledger in ledgers(tmp_path)] == ["run-3", "run-4", "run-5"]


def test_a_ledger_that_was_not_kept_is_none(tmp_path):
    """Of a run that failed or was killed; the next into its output removes what it left, and nothing of another."""
    with LedgerWriter(tmp_path, "run-1", output="o") as writer:
        writer.place(Place(record_id="r1", locator=Locator(container="x")))
    assert list(tmp_path.iterdir()) == []
    LedgerWriter(tmp_path, "run-2", output="o")  # and killed
    other = LedgerWriter(tmp_path, "run-3", output="other")
    assert ledgers(tmp_path) == ()
    kept(tmp_path, "run-4", "A")
    other.keep("B")
    assert {path.name for path in tmp_path.iterdir()} == {"run-3", "run-4"}
