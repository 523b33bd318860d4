"""Building, opening and refusing indexes."""

import errno
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llmops.errors import RecipeError, ReleaseError
from llmops.release import Release
from llmops.retrieval import RetrievalConfig, Searcher, build_index, chunks, load_or_build, open_index
from llmops.retrieval.bm25 import Bm25
from llmops.retrieval.files import file_digests
from llmops.retrieval.index import searchable

CONFIG = RetrievalConfig(use="bm25", chunk_words=40)


@pytest.fixture
def folder(release: Release, tmp_path: Path) -> Path:
    """The folder of a built index."""
    build_index(release, tmp_path / "index", CONFIG)
    return tmp_path / "index"


def reseal(folder: Path) -> None:
    """Make an altered index consistent again, as somebody who means harm would."""
    manifest = json.loads((folder / "index.json").read_text())
    manifest["files"] = {name: value for name, value in file_digests(folder).items() if name != "index.json"}
    (folder / "index.json").write_text(json.dumps(manifest))


def test_the_same_release_gives_the_same_files(release: Release, folder: Path, tmp_path: Path) -> None:
    """Byte for byte, whatever the hash seed."""
    build_index(release, tmp_path / "again", CONFIG)
    assert file_digests(folder) == file_digests(tmp_path / "again")


def test_the_index_holds_no_text(folder: Path) -> None:
    """The chunk table has ids, hashes and offsets; no column of text."""
    assert "text" not in pq.read_schema(folder / "chunks.parquet").names


@pytest.mark.parametrize("name", ["chunks.parquet", "bm25/vocab.index.json", "bm25/data.csc.index.npy", "index.json"])
def test_a_changed_file_is_found(release: Release, folder: Path, name: str) -> None:
    """One byte changed in any file and the index does not open; it is built anew where that is allowed."""
    path = folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ReleaseError):
        open_index(folder, release)
    assert len(load_or_build(release, folder, CONFIG)) > 0


def test_an_index_of_another_release_is_refused(
    release: Release, folder: Path, publish: Callable[..., Release]
) -> None:
    """An index answers for the one release it was built from."""
    other = publish(*list(release.documents())[:2], name="other")
    with pytest.raises(ReleaseError, match="another release"):
        open_index(folder, other)


def test_an_index_cannot_inject_a_passage(release: Release, folder: Path) -> None:
    """Also a consistently altered index serves text of the release or nothing."""
    table = pq.read_table(folder / "chunks.parquet")
    hashes = pa.array(["0" * 64] * table.num_rows)
    pq.write_table(
        table.set_column(table.schema.get_field_index("sha256"), "sha256", hashes), folder / "chunks.parquet"
    )
    reseal(folder)
    searcher = Searcher(release, open_index(folder, release), CONFIG)
    with pytest.raises(ReleaseError, match="differs from what was indexed"):
        searcher.search("ejection fraction")


def test_a_changed_configuration_builds_anew(release: Release, folder: Path) -> None:
    """The same configuration opens what is there."""
    before = (folder / "index.json").stat().st_mtime_ns
    load_or_build(release, folder, CONFIG)
    assert (folder / "index.json").stat().st_mtime_ns == before
    assert load_or_build(release, folder, RetrievalConfig(use="bm25", chunk_words=60)).config.chunk_words == 60


def test_a_reader_takes_the_index_as_it_was_built(release: Release, folder: Path) -> None:
    """Who names no configuration changes none: neither of an index that is sound, nor of one that must be mended."""
    before = file_digests(folder)
    assert load_or_build(release, folder, None).config == CONFIG
    assert file_digests(folder) == before
    (folder / "chunks.parquet").write_bytes(b"damaged")
    assert load_or_build(release, folder, None).config == CONFIG
    assert file_digests(folder) == before


def test_readers_that_start_at_once_build_one_index(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One builds, the others wait for it and open what it built."""
    built = []
    save = Bm25.save

    def counted(self: Bm25, folder: Path) -> None:
        built.append(folder)
        save(self, folder)

    monkeypatch.setattr(Bm25, "save", counted)
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(lambda _: load_or_build(release, tmp_path / "index", CONFIG), range(6)))
    assert len({index.digest for index in opened}) == 1
    assert len(built) == 1


def test_a_folder_with_other_files_is_left_alone(release: Release, tmp_path: Path) -> None:
    """Building never removes what is no index."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(RecipeError, match="other files"):
        build_index(release, tmp_path / "mine", CONFIG)
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_a_failed_build_leaves_the_old_index(release: Release, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it or nothing, and no half-written folder beside it."""
    before = file_digests(folder)

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "disk full")

    monkeypatch.setattr("llmops.retrieval.bm25.Bm25.save", fail)
    with pytest.raises(ReleaseError, match=r"cannot be written \(No space left"):
        build_index(release, folder, CONFIG)
    assert file_digests(folder) == before
    assert [path.name for path in folder.parent.glob(".index*")] == []


def test_an_empty_release_is_searchable(publish: Callable[..., Release], tmp_path: Path) -> None:
    """No document, no hit, no error."""
    empty = publish(name="empty")
    index = build_index(empty, tmp_path / "index", CONFIG)
    assert Searcher(empty, index, CONFIG).search("anything") == ()


def test_only_a_release_is_indexed(tmp_path: Path) -> None:
    """A look-alike is refused."""
    with pytest.raises(ReleaseError, match="open_release"):
        build_index(object(), tmp_path / "index", CONFIG)  # type: ignore[arg-type]


def test_a_title_is_put_before_a_chunk_that_does_not_begin_with_it(release: Release) -> None:
    """A note of one line would be embedded twice over, at twice the cost."""
    document = release.document("r1.0")  # begins with its title
    first, *others = (searchable(document, chunk) for chunk in chunks(document, RetrievalConfig(chunk_words=20)))
    assert first.count("Echocardiogram") == 1
    assert all(text.startswith("Echocardiogram ") for text in others)
    assert others
