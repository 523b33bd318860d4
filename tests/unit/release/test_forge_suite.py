"""The forge suite: nothing but a verified release reaches a prompt, an index or a training batch.

Each forgery carries a canary in its text. Each is tried at every door; a door may answer with a `ReleaseError` alone,
and wherever one does not, no canary may have come through.
"""

import json
import os
import pickle
import shutil
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from unittest import mock

import pyarrow.parquet as pq
import pytest

from llmops.documents import Receipt, ReleasedDocument
from llmops.errors import ReleaseError
from llmops.evaluation import ExtractiveChatModel, evaluate
from llmops.evaluation import runner as evaluation_runner
from llmops.release import Release, RevocationReason, ShardFile, files, open_release, revoke, tombstone, verification
from llmops.release.canonical import canonical, digest
from llmops.release.signing import Purpose, sign
from llmops.retrieval import Searcher, build_index, open_index
from llmops.training import stream
from tests.unit.release.doors import CANARY, DOORS, LEXICAL, SUITE, refused


@pytest.fixture
def prompts(monkeypatch):
    """Every prompt that was put together."""
    seen = []
    real = evaluation_runner.render

    def recording(template, question, context):
        seen.append("\n".join(passage.text for passage in context))
        return real(template, question, context)

    monkeypatch.setattr(evaluation_runner, "render", recording)
    return seen


@pytest.fixture
def doors(tmp_path, prompts):
    """Each door by name: takes a candidate and gives all text that came through it."""

    def _at(number, door):
        return lambda candidate: door(candidate, tmp_path / f"index{number}", prompts)

    return {door.__name__.strip("_"): _at(number, door) for number, door in enumerate(DOORS)}


@pytest.fixture
def forged_document(make_document):
    """A released document by number, put together by hand with a receipt of nothing."""

    def _make(number=1):
        scored = make_document(number)
        text = f"HISTORY: {CANARY} was seen." + " " * 60
        values = {name: getattr(scored, name) for name in scored.__dataclass_fields__}
        values |= {"text": text, "sections": (), "findings": ()}
        return ReleasedDocument(**values, receipt=Receipt(stream="w0", index=number, leaf="00" * 32))

    return _make


class _Claims:
    """Says it is a release wherever it is asked politely."""

    __class__ = Release

    def __init__(self, documents):
        self._documents = documents
        self.id = self.path = "0123456789abcdef"
        self.part_rows = (len(documents),)

    def verify(self):
        return None

    def documents(self):
        return iter(self._documents)

    def take(self, rows, **_):
        return tuple(self._documents[row] for row in rows)

    def __len__(self):
        return len(self._documents)


def _bare(documents):
    return object.__new__(Release)


def _filled(documents, opened):
    """A release allocated without its constructor, its slots filled from a real one."""
    made = object.__new__(Release)
    for slot in Release.__slots__:
        if slot != "__weakref__":
            setattr(made, slot, getattr(opened, slot))
    return made


def _mocked(documents):
    made = mock.create_autospec(Release, instance=True)
    made.documents.return_value = iter(documents)
    return made


LOOK_ALIKES = dict(
    zip(
        (
            *("list", "tuple", "iterator", "document", "path", "string", "none", "class", "class_trick", "bare"),
            *("filled", "mock", "duck", "pickled_manifest"),
        ),
        (
            lambda documents, path: documents,
            lambda documents, path: tuple(documents),
            lambda documents, path: iter(documents),
            lambda documents, path: documents[0],
            lambda documents, path: path,
            lambda documents, path: str(path),
            lambda documents, path: None,
            lambda documents, path: Release,
            lambda documents, path: _Claims(documents),
            lambda documents, path: _bare(documents),
            lambda documents, path: _filled(documents, open_release(path)),
            lambda documents, path: _mocked(documents),
            lambda documents, path: SimpleNamespace(documents=lambda: iter(documents), verify=lambda: None, id="x"),
            lambda documents, path: pickle.loads(pickle.dumps(open_release(path).manifest)),
        ),
        strict=True,
    )
)


def test_what_is_no_opened_release_is_refused_at_every_door(doors, forged_document, release_path, prompts):
    """Documents by hand, paths, look-alikes, objects made without the constructor."""
    documents = [forged_document(n) for n in range(3)]
    passed = [
        (name, kind)
        for kind, forge in LOOK_ALIKES.items()
        for name, door in doors.items()
        if not refused(door, forge(documents, release_path))
    ]
    assert not passed
    assert not prompts


def _force(path, data):
    path.chmod(0o644)
    path.write_bytes(data)


def _forge_part(path):
    """The bytes of a part whose first text is the forger's, of the size it had where possible."""
    table = pq.read_table(path)
    rows = table.to_pylist()
    rows[0]["text"] = f"HISTORY: {CANARY} was seen."
    rows[0]["text_sha256"] = digest(rows[0]["text"].encode())
    forged = path.with_name("forged.parquet")
    pq.write_table(type(table).from_pylist(rows, schema=table.schema), forged, compression="zstd")
    data = forged.read_bytes()
    forged.unlink()
    return data


def _mend_manifest(path, signer=None):
    """Make digests, sizes and id fit; sign with another key where there is one."""
    part = path / "data/part-00000.parquet"
    body = json.loads((path / "manifest.json").read_bytes())
    body["content"]["data"][0] |= {"sha256": digest(part.read_bytes()), "bytes": part.stat().st_size}
    body["id"] = digest(canonical(body["content"]))[:16]
    if signer:
        body["key"] = signer.public.fingerprint
    data = canonical(body) + b"\n"
    _force(path / "manifest.json", data)
    if signer:
        _force(path / "manifest.sig", sign(Purpose.MANIFEST, data, signer))
    return path.rename(path.with_name(body["id"]))


def _edited(path, stranger, signer, tmp_path):
    _force(path / "data/part-00000.parquet", _forge_part(path / "data/part-00000.parquet"))
    return path


def _rehashed(path, stranger, signer, tmp_path):
    return _mend_manifest(_edited(path, stranger, signer, tmp_path))


def _foreign(path, stranger, signer, tmp_path):
    return _mend_manifest(_edited(path, stranger, signer, tmp_path), stranger)


def _revoked(path, stranger, signer, tmp_path):
    revoke(path, signer, RevocationReason.PHI_FOUND)
    return path


def _linked(path, stranger, signer, tmp_path):
    part = path / "data/part-00000.parquet"
    outside = tmp_path / "outside.parquet"
    outside.write_bytes(part.read_bytes())
    part.unlink()
    part.symlink_to(outside)
    return path


def _hard_linked(path, stranger, signer, tmp_path):
    part = path / "data/part-00000.parquet"
    os.link(part, tmp_path / "second")
    _force(tmp_path / "second", _forge_part(tmp_path / "second"))
    return path


def _folder_linked(path, stranger, signer, tmp_path):
    (path / "data").rename(tmp_path / "elsewhere")
    (path / "data").symlink_to(tmp_path / "elsewhere")
    return path


def _added(path, stranger, signer, tmp_path):
    (path / "data/part-00009.parquet").write_bytes(_forge_part(path / "data/part-00000.parquet"))
    return path


def _raw_folder(path, stranger, signer, tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "notes.jsonl").write_text(json.dumps({"text": CANARY}))
    return raw


def _raw_in_disguise(path, stranger, signer, tmp_path):
    """A folder of the raw zone under a release's name, with its manifest and signature beside the data."""
    shutil.rmtree(path / "data")
    (path / "data").mkdir()
    (path / "data/part-00000.parquet").write_bytes(json.dumps({"text": CANARY}).encode())
    return path


FORGERIES = (
    *(_edited, _rehashed, _foreign, _revoked, _linked, _hard_linked, _folder_linked, _added, _raw_folder),
    _raw_in_disguise,
)


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__.strip("_"))
def test_a_forged_folder_does_not_open(release_path, stranger, signer, tmp_path, forge):
    """So it reaches no door at all; the rightful key is pinned, as a run and its consumers do."""
    forged = forge(release_path, stranger, signer, tmp_path)
    with pytest.raises(ReleaseError) as caught:
        open_release(forged, (signer.public,))
    assert CANARY not in str(caught.value)


IN_PLACE = tuple(forge for forge in FORGERIES if forge not in (_rehashed, _foreign, _raw_folder))


@pytest.mark.parametrize("forge", IN_PLACE, ids=lambda forge: forge.__name__.strip("_"))
@pytest.mark.parametrize("settle", [False, True], ids=["fresh", "settled"])
def test_a_release_forged_after_it_was_opened_is_refused_at_every_door(
    doors, release_path, stranger, signer, tmp_path, monkeypatch, forge, settle, prompts
):
    """Also where its files were old enough for their stamps to be believed."""
    if settle:
        monkeypatch.setattr(files, "_CLOCK_GRAIN_NS", -(10**12))
    opened = open_release(release_path, (signer.public,))
    opened.verify()
    forge(release_path, stranger, signer, tmp_path)
    assert not [name for name, door in doors.items() if not refused(door, opened)]
    assert not prompts


def test_another_release_in_its_place_is_refused(doors, release_path, publish, make_document, signer):
    """The folder is swapped for another that verifies by itself."""
    opened = open_release(release_path, (signer.public,))
    other = publish([replace(make_document(1), text=f"HISTORY: {CANARY} was seen." + " " * 60)], output="other")
    release_path.rename(release_path.with_name("away"))
    other.rename(release_path)
    assert not [name for name, door in doors.items() if not refused(door, opened)]


def _swap(path, data):
    path.with_name("swap").write_bytes(data)
    path.with_name("swap").replace(path)


@pytest.mark.parametrize("moment", ["stat", "list", "hash"])
def test_a_swap_while_it_is_verified_brings_nothing_through(doors, release_path, signer, monkeypatch, prompts, moment):
    """Time of check, time of use: whatever was checked, the bytes that are used are hashed themselves."""
    monkeypatch.setattr(files, "_CLOCK_GRAIN_NS", -(10**12))
    part = release_path / "data/part-00000.parquet"
    genuine, forged = part.read_bytes(), _forge_part(part)
    name = {"stat": "stamp", "list": "list_files", "hash": "_refuse_other_files"}[moment]
    real = getattr(verification, name)

    def swapping(*arguments, **options):
        found = real(*arguments, **options)
        if moment != "stat" or arguments[0] == part:
            _swap(part, forged)
        return found

    for door in doors.values():
        _swap(part, genuine)
        opened = open_release(release_path, (signer.public,))
        came_through = []
        with monkeypatch.context() as patched:
            patched.setattr(verification, name, swapping)
            with suppress(ReleaseError):
                came_through = door(opened)
        assert not any(CANARY in text for text in (*came_through, *prompts))
        with pytest.raises(ReleaseError):
            list(opened.documents())


def test_a_swap_in_the_middle_of_an_epoch_ends_it(release_path, signer):
    """The batches before it are good, the one that would be forged never comes."""
    part = release_path / "data/part-00001.parquet"
    batches = iter(stream(open_release(release_path, (signer.public,)), shuffle=False))
    seen = [next(batches).text]
    _swap(part, _forge_part(part))
    with pytest.raises(ReleaseError):
        seen.extend(item.text for item in batches)
    assert not any(CANARY in text for text in seen)


def test_a_searcher_put_together_by_hand_writes_no_passage(release_path, signer, tmp_path, prompts):
    """It may choose among what the release holds; a passage of its own, or an edited one, stops the evaluation."""
    release = open_release(release_path, (signer.public,))
    index = build_index(release, tmp_path / "index", LEXICAL)
    (hit, *_) = Searcher(release, index, LEXICAL).search("HGB")
    forged = replace(hit, chunk=replace(hit.chunk, text=f"{CANARY} 55%"))
    unknown = replace(hit, chunk=replace(hit.chunk, chunk_id="r9999.0#0"))
    other = replace(hit, chunk=replace(hit.chunk, sha256="0" * 64))
    searcher = SimpleNamespace(release=release, index=index, search=lambda *_: (forged,))
    evaluate(SUITE, release, searcher, ExtractiveChatModel())
    for bad in (unknown, other):
        searcher.search = lambda *_, bad=bad: (bad,)
        with pytest.raises(ReleaseError):
            evaluate(SUITE, release, searcher, ExtractiveChatModel())
    assert prompts
    assert not any(CANARY in text for text in prompts)


def test_an_edited_index_serves_nothing_of_its_own(release_path, signer, tmp_path):
    """Refused when opened; and in memory, where a row can hide a passage and not invent one."""
    release = open_release(release_path, (signer.public,))
    index = build_index(release, tmp_path / "index", LEXICAL)
    chunks = tmp_path / "index" / "chunks.parquet"
    table = pq.read_table(chunks)
    rows = table.to_pylist()
    for row in rows:
        row.update({name: CANARY for name in ("sha256", "title") if name in row})
    pq.write_table(type(table).from_pylist(rows, schema=table.schema), chunks)
    with pytest.raises(ReleaseError):
        open_index(tmp_path / "index", release)
    searcher = Searcher(release, replace(index, rows=pq.read_table(chunks, schema=table.schema)), LEXICAL)
    with pytest.raises(ReleaseError):
        searcher.search("HGB")


def test_an_index_of_another_release_is_refused(release_path, publish, make_document, signer, tmp_path):
    """Also one whose manifest was edited to name this release."""
    other = open_release(publish([make_document(8)], output="other"), (signer.public,))
    build_index(other, tmp_path / "index", LEXICAL)
    release = open_release(release_path, (signer.public,))
    manifest = tmp_path / "index" / "index.json"
    named = manifest.read_text().replace(other.id, release.id)
    for text in (manifest.read_text(), named):
        manifest.write_text(text)
        with pytest.raises(ReleaseError):
            open_index(tmp_path / "index", release)


def test_a_document_taken_back_reaches_no_door(doors, publish, make_document, signer):
    """A tombstone written while the release was open."""
    path = publish([make_document(0), replace(make_document(1), text=f"{CANARY} HGB" + " " * 60)])
    opened = open_release(path, (signer.public,))
    tombstone(path, ["r0001.0"], signer)
    assert not [name for name, door in doors.items() if any(CANARY in text for text in door(opened))]


def test_shard_files_of_the_raw_zone_are_no_parts(release_path, make_document, tmp_path, signer):
    """A run's own work file, with signatures and all, under the name of a part."""
    with ShardFile(tmp_path / "shard.parquet") as shard:
        shard.write([replace(make_document(1), text=CANARY + " " * 60)])
        shard.close()
    _force(release_path / "data/part-00000.parquet", (tmp_path / "shard.parquet").read_bytes())
    with pytest.raises(ReleaseError):
        open_release(release_path, (signer.public,))
    with pytest.raises(ReleaseError):
        open_release(_mend_manifest(release_path, signer))
