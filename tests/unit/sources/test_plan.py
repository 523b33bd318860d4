"""Which files are read, in which order, and what is refused at the door."""

import os
import pickle
import socket
from pathlib import Path

import pytest

from llmops.documents import Withheld
from llmops.errors import RecipeError, SourceError
from llmops.formats import FORMATS
from llmops.sources import FilesConfig, ShardSize, UnitSource, plan_units
from llmops.sources import plan as plan_module

NOTE = "Seen in clinic today. Doing well.\n"


def tree(root: Path, *names: str) -> Path:
    """A folder with a note under each name."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(NOTE)
    return root


def names(units):
    """Relative names in order."""
    return [unit.relative for unit in units]


def test_the_walk_is_sorted_and_leaves_dotfiles_out(tmp_path):
    """Names that begin with a dot are hidden, files and folders alike; nothing else is."""
    root = tree(tmp_path, "b/z.txt", "b/a.txt", "a.txt", ".hidden", ".git/config", "c.d/x", "~tmp", "Thumbs.db")
    assert names(plan_units([root], FilesConfig(), formats=FORMATS)) == [
        "Thumbs.db",
        "a.txt",
        "b/a.txt",
        "b/z.txt",
        "c.d/x",
        "~tmp",
    ]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"include": ("*.txt",)}, ["a.txt", "s/b.txt"]),
        ({"include": ("s/*",)}, ["s/b.txt", "s/c.csv"]),
        ({"exclude": ("*.csv",)}, ["a.txt", "s/b.txt"]),
        ({"include": ("*.txt",), "exclude": ("s/*",)}, ["a.txt"]),
    ],
)
def test_globs_choose_files(tmp_path, settings, expected):
    """A glob without a slash looks at the name, one with a slash at the path."""
    root = tree(tmp_path, "a.txt", "s/b.txt", "s/c.csv")
    assert names(plan_units([root], FilesConfig(**settings), formats=FORMATS)) == expected


def test_paths_that_overlap_are_read_once(tmp_path):
    """A file named twice, by itself, by its folder or by another way, is one file."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.txt", "b.txt", ".c.txt"):
        (folder / name).write_text("x")
    (tmp_path / "way").symlink_to(folder)
    paths = [folder / "b.txt", folder, folder / ".." / "in" / "a.txt", tmp_path / "way", folder / ".c.txt"]
    units = plan_units(paths, FilesConfig(), formats=FORMATS)
    assert [(unit.root, unit.relative) for unit in units] == [(0, "b.txt"), (1, "a.txt"), (4, ".c.txt")]


def test_links_do_not_lead_out(tmp_path, read, outcome):
    """A link inside the root is read, one that leaves it is withheld, a broken one is unreadable, loops end."""
    secret = tree(tmp_path / "outside", "secret.txt") / "secret.txt"
    root = tree(tmp_path / "root", "a.txt", "s/b.txt")
    (root / "in").symlink_to(root / "a.txt")
    (root / "out").symlink_to(secret)
    (root / "out_folder").symlink_to(tmp_path / "outside")
    (root / "broken").symlink_to(root / "none")
    (root / "loop").symlink_to(root / "loop")
    (root / "s" / "up").symlink_to(root)
    units = plan_units([root], FilesConfig(), formats=FORMATS)
    assert names(units) == ["a.txt", "broken", "in", "loop", "out", "out_folder", "s/b.txt"]
    found = outcome(read(root))
    assert found == ["text", "unreadable", "text", "unreadable", "path_escape", "path_escape", "text"]


def test_no_include_hides_a_link_to_a_folder(tmp_path, read, outcome):
    """A folder's link has no file's name; what lies behind it is answered for, unless it is excluded by name."""
    outside = tree(tmp_path / "outside", "a.txt")
    root = tree(tmp_path / "root", "b.txt", "c.csv")
    (root / "ward4").symlink_to(outside)
    (root / "ward5").symlink_to(tmp_path / "not_mounted")
    (root / "ward6").symlink_to(outside)
    (root / "scan.csv").symlink_to(outside / "a.txt")
    settings = {"include": ("*.txt",), "exclude": ("ward6",)}
    assert names(plan_units([root], FilesConfig(**settings), formats=FORMATS)) == ["b.txt", "ward4", "ward5"]
    assert outcome(read(root, **settings)) == ["text", "path_escape", "unreadable"]


def test_only_plain_files_are_opened(tmp_path, read, outcome):
    """A pipe and a socket are unreadable, and nobody waits for them."""
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "sock"))
        assert outcome(read(tmp_path)) == ["unreadable", "unreadable"]
    assert outcome(read(Path("/dev/null"))) == ["unreadable"]


def test_a_file_that_vanished_is_unreadable(tmp_path, outcome):
    """What was planned is answered for."""
    root = tree(tmp_path, "a.txt")
    (unit,) = plan_units([root], FilesConfig(), formats=FORMATS)
    (root / "a.txt").unlink()
    (answer,) = UnitSource(unit, FilesConfig(), b"k", FORMATS).records()
    assert isinstance(answer, Withheld)
    assert answer.reason.value == "unreadable"


def test_a_folder_that_cannot_be_listed_is_answered_for(tmp_path, monkeypatch, read, outcome):
    """Its files are not dropped unseen."""
    root = tree(tmp_path, "a.txt", "locked/b.txt")
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "locked":
            raise PermissionError(path)
        return scandir(path)

    monkeypatch.setattr(plan_module.os, "scandir", refuse)
    assert outcome(read(root)) == ["text", "unreadable"]


def test_a_missing_root_is_an_error_that_names_no_file(tmp_path):
    """The message counts, it does not quote."""
    tree(tmp_path, "a")
    with pytest.raises(SourceError, match=r"^input path #2 does not exist") as caught:
        plan_units([tmp_path, tmp_path / "Jane_Roe_1957"], FilesConfig(), formats=FORMATS)
    assert "Roe" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_record_is_known_by_its_content_whatever_its_file_is_called(tmp_path, read):
    """Neither root nor name is part of an id; the key is. Where it lay, the locator says."""
    one, two = tree(tmp_path / "one", "a.txt"), tree(tmp_path / "two", "b.txt")
    (two / "b.txt").write_bytes((one / "a.txt").read_bytes())
    answers = read(one, two)
    assert [(answer.locator.root, answer.locator.container) for answer in answers] == [(0, "a.txt"), (1, "b.txt")]
    ids = {answer.record_id for answer in answers}
    assert len(ids) == 1
    (unit,) = plan_units([one], FilesConfig(), formats=FORMATS)
    (other,) = UnitSource(unit, FilesConfig(), b"other key", FORMATS).records()
    assert other.record_id not in ids
    assert other.record_id[0] == "r"
    assert len(other.record_id) == 21


def test_units_travel_to_workers_and_show_no_names(tmp_path):
    """Pickled and back they are equal; their repr holds no path."""
    units = plan_units([tree(tmp_path, "Jane_Roe.txt")], FilesConfig(), formats=FORMATS)
    assert pickle.loads(pickle.dumps(units)) == units
    (record,) = UnitSource(units[0], FilesConfig(), b"k", FORMATS).records()
    assert "Roe" not in repr(units) + repr(record)
    assert NOTE[:10] not in repr(record)


def test_names_that_are_not_text_are_read(tmp_path, read, outcome):
    """A file name in another encoding is no reason to stop."""
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt"))).write_text(NOTE)
    (answer,) = read(tmp_path)
    assert answer.locator.container == "caf\\xe9.txt"


@pytest.mark.parametrize("shard_bytes", [1, 64, 1000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_line_files_are_cut_at_lines(tmp_path, read, shard_bytes, end):
    """Ranges give every line once, with the same ids as the whole file."""
    path = tmp_path / "a.ndjson"
    path.write_bytes(b"".join(b'{"id": "%d", "text": "%s"}' % (n, b"x" * (n % 90)) + end for n in range(300)))
    whole = read(path)
    assert read(path, size=ShardSize(bytes=shard_bytes)) == whole
    assert len(whole) == 300
    assert len(plan_units([path], FilesConfig(), ShardSize(bytes=shard_bytes), formats=FORMATS)) > 10


@pytest.mark.parametrize(
    "settings",
    [{"max_record_bytes": 0}, {"max_ratio": 0.5}, {"delimiter": "ab"}, {"delimiter": '"'}, {"delimiter": "§"}],
)
def test_settings_that_cannot_work_are_refused(settings):
    """Before any record is read, naming the key."""
    with pytest.raises(RecipeError, match=next(iter(settings))):
        FilesConfig(**settings)
