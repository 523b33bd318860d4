"""A release is published whole, once, under the id of its content."""

import hashlib
import json
import os
from dataclasses import replace

import pytest

from llmops.documents import Receipt
from llmops.errors import ReleaseError
from llmops.release import ReleaseWriter, ShardFile, open_release, read_shard


def _bytes(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_layout_is_that_of_the_design(release_path):
    """Only the documents are in data/; every file is read-only; nothing temporary is left."""
    assert set(_bytes(release_path)) == {
        "README.md",
        "manifest.json",
        "manifest.sig",
        "scorecard.json",
        "report.html",
        "croissant.json",
        "provenance.json",
        "data/part-00000.parquet",
        "data/part-00001.parquet",
        "data/part-00002.parquet",
        "withheld/part-00000.parquet",
        "receipts/part-00000.parquet",
    }
    assert {path.stat().st_mode & 0o777 for path in release_path.rglob("*") if path.is_file()} == {0o444}
    assert {path.name for path in release_path.parent.iterdir()} == {release_path.name, "latest"}
    assert json.loads((release_path / "manifest.json").read_bytes())["id"] == release_path.name


def test_a_resumed_run_gives_the_identical_release(publish):
    """Other receipts, another date and audit state, another order of writing calls: same id, same data bytes."""
    first = publish(output="a")
    second = publish(output="b", first_index=100, created="2026-02-02", audit=(), counts=(("read", 7),))
    assert first.name == second.name
    one, other = _bytes(first), _bytes(second)
    assert {name for name in one if one[name] != other[name]} == {
        "README.md",
        "croissant.json",
        "manifest.json",
        "manifest.sig",
        "provenance.json",
        "receipts/part-00000.parquet",
    }


@pytest.mark.parametrize(
    "change",
    [
        {"recipe_digest": "x"},
        {"policy_id": "x"},
        {"quality_policy_digest": "x"},
        {"gate_policy_digest": "x"},
        {"models": ()},
        {"code_version": "x"},
    ],
)
def test_other_rules_give_another_id(publish, change):
    """The id stands for the rules as well as for the rows."""
    assert publish(output="a").name != publish(output="b", **change).name


def test_other_documents_give_another_id(publish, make_document):
    """Order is content too."""
    documents = [make_document(1), make_document(2)]
    names = {
        publish(chosen, output=str(n)).name for n, chosen in enumerate([documents, documents[::-1], documents[:1], []])
    }
    assert len(names) == 4


def test_the_content_id_is_known_before_publishing(tmp_path, facts, signer, make_document):
    """Report and audit event can name the release; afterwards only receipts are taken."""
    with ReleaseWriter(tmp_path / "out") as writer:
        writer.add(make_document(1))
        release_id = writer.content_id(facts)
        with pytest.raises(ReleaseError, match="sealed"):
            writer.add(make_document(2))
        writer.add_receipts([("r0001.0", Receipt(stream="w0", index=0, leaf="00"))])
        path = writer.publish(facts, signer, scorecard=b"{}", report=release_id.encode())
    assert path.name == release_id
    assert (path / "report.html").read_text() == release_id


def test_publishing_the_same_again_keeps_the_first(publish):
    """The published folder is verified, kept byte for byte, and the new one removed."""
    first = publish()
    before = _bytes(first)
    assert publish(first_index=50) == first
    assert _bytes(first) == before
    assert {path.name for path in first.parent.iterdir()} == {first.name, "latest"}


def test_publishing_onto_a_changed_release_is_refused(publish):
    """What is already there must verify."""
    path = publish()
    (path / "report.html").chmod(0o644)
    (path / "report.html").write_bytes(b"other")
    with pytest.raises(ReleaseError, match=r"report\.html"):
        publish()


@pytest.mark.parametrize("owners", [[], ["r0001.0", "r0001.0"], ["r0002.0"], ["r0001.0", "r0002.0"]])
def test_a_document_without_its_one_receipt_is_not_published(tmp_path, facts, signer, make_document, owners):
    """No receipt, two, somebody else's, or one too many: nothing is published and nothing left behind."""
    with ReleaseWriter(tmp_path / "out") as writer:
        writer.add(make_document(1))
        writer.add_receipts([(owner, Receipt(stream="w0", index=0, leaf="00")) for owner in owners])
        with pytest.raises(ReleaseError, match="receipt"):
            writer.publish(facts, signer, scorecard=b"{}", report=b"")
    assert list((tmp_path / "out" / "release").iterdir()) == []


def test_the_signer_must_be_the_stated_key(tmp_path, facts, stranger):
    """A manifest never names a key that did not sign it."""
    with ReleaseWriter(tmp_path / "out") as writer, pytest.raises(ReleaseError, match="signing key"):
        writer.publish(facts, stranger, scorecard=b"{}", report=b"")


def test_an_abandoned_release_leaves_nothing(tmp_path, make_document):
    """Leaving without publishing removes the hidden folder."""
    with ReleaseWriter(tmp_path / "out", rows_per_part=1) as writer:
        writer.add(make_document(1))
    assert list((tmp_path / "out" / "release").iterdir()) == []


def test_leftovers_of_a_killed_run_are_removed(tmp_path, publish):
    """Folders that a killed writer left, and a link in their place, which is not followed."""
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("x")
    left = tmp_path / "out" / "release" / ".tmp-dead" / "data"
    left.mkdir(parents=True)
    (left / "part-00000.parquet").write_bytes(b"half")
    (tmp_path / "out" / "release" / ".tmp-link").symlink_to(kept)
    path = publish()
    assert {entry.name for entry in path.parent.iterdir()} == {path.name, "latest"}
    assert (kept / "file").exists()


def test_an_empty_run_publishes_an_empty_release(publish):
    """No document passed: still signed, still readable."""
    release = open_release(publish([]))
    assert (len(release), list(release.documents()), len(list(release.withheld()))) == (0, [], 1)


def test_row_groups_do_not_depend_on_how_rows_arrive(tmp_path, make_document):
    """Many documents cross row groups and parts at fixed places."""
    documents = [make_document(number) for number in range(2500)]
    digests = set()
    for output in ("a", "b"):
        with ReleaseWriter(tmp_path / output, rows_per_part=2200) as writer:
            for document in documents:
                writer.add(document)
            data = writer._data.close()
            digests.add(tuple(part.sha256 for part in data))
            assert [part.rows for part in data] == [2200, 300]
    assert len(digests) == 1


def test_a_full_disk_is_a_release_error(tmp_path, facts, signer, make_document, monkeypatch):
    """A failing write refuses; nothing is published."""

    def fail(_descriptor):
        raise OSError(28, "No space left on device")

    with ReleaseWriter(tmp_path / "out") as writer:
        writer.add(make_document(1))
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(ReleaseError, match="No space left"):
            writer.publish(facts, signer, scorecard=b"{}", report=b"")
    assert list((tmp_path / "out" / "release").iterdir()) == []


def test_the_card_holds_no_markup_of_its_values(publish):
    """A title cannot break the front matter."""
    card = (publish(title='x"\n---\x00\nconfigs: |') / "README.md").read_text()
    assert card.splitlines().count("---") == 2
    assert card.splitlines()[1] == 'pretty_name: "x --- configs: /"'


def test_a_date_is_a_date(facts):
    """``created`` is YYYY-MM-DD, injected."""
    with pytest.raises(ValueError, match="isoformat"):
        replace(facts, created="yesterday")


def test_a_shard_file_comes_back_equal(tmp_path, make_document):
    """The run's own shard files keep signatures, and are read only if their digest fits."""
    documents = [make_document(number) for number in range(3)]
    path = tmp_path / "s.parquet"
    with ShardFile(path) as shard:
        shard.write(documents[:2])
        shard.write([])
        shard.write(documents[2:])
        part = shard.close()
    assert (part.rows, part.sha256) == (3, hashlib.sha256(path.read_bytes()).hexdigest())
    assert list(read_shard(path, part.sha256)) == documents
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ReleaseError):
        list(read_shard(path, part.sha256))
