"""Archives: every member answered, nothing hostile opened."""

import gzip
import io
import struct
import zipfile

import pytest

NOTE = b"Seen in clinic today. Doing well.\n"


def zipped(*members, **options):
    """A zip of (name, bytes) pairs."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def test_every_member_is_answered(read_bytes, outcome):
    """Files of several kinds in one archive, folders left out, a gzip inside opened, nesting refused."""
    data = zipped(
        ("folder/", b""),
        ("folder/a.txt", NOTE),
        ("b.json", b'{"resourceType": "Patient"}'),
        ("c.csv", b"id,text\n1,a\n2,b\n"),
        ("d.txt.gz", gzip.compress(NOTE)),
        ("e.zip", zipped(("x", NOTE))),
        ("f.gz", gzip.compress(gzip.compress(NOTE))),
        ("g.pdf", b"%PDF-1"),
        ("h.txt", b""),
    )
    answers = read_bytes(data, "export.zip")
    expected = ["text", "fhir", "row", "row", "text", "bad_archive", "bad_archive", "unknown_format", "empty"]
    assert outcome(answers) == expected
    assert answers[0].record_id == answers[4].record_id  # the same note, gzipped or not
    assert len({answer.record_id for answer in answers}) == len(answers) - 1
    assert answers[0].locator.member == "folder/a.txt"


@pytest.mark.parametrize("name", ["../a.txt", "a/../../b.txt", "/etc/a.txt", "C:\\a.txt", "..\\a.txt", "\\\\host\\a"])
def test_members_that_point_outside_are_refused(read_bytes, outcome, name):
    """The others of the archive are read."""
    assert outcome(read_bytes(zipped((name, NOTE), ("ok.txt", NOTE)))) == ["path_escape", "text"]


def test_a_member_whose_name_begins_with_nul_is_refused(read_bytes, outcome):
    """Zip tools cut names at NUL, so that nothing is left of this one."""
    data = zipped(("aa.txt", NOTE), ("ok.txt", NOTE)).replace(b"aa.txt", b"\x00a.txt")
    assert outcome(read_bytes(data)) == ["path_escape", "text"]


def test_a_link_in_an_archive_is_refused(read_bytes, outcome):
    """A member that is a symbolic link is not followed."""
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16
    assert outcome(read_bytes(zipped((info, b"/etc/passwd"), ("ok.txt", NOTE)))) == ["path_escape", "text"]


def test_dot_files_are_left_out_as_in_folders(read_bytes, outcome):
    """What systems leave beside the files is not read, unless it points outside: then it is answered for."""
    members = (
        ("./a.txt", NOTE),
        (".b.csv", NOTE),
        ("__MACOSX/._a.txt", NOTE),
        (".git/c.txt", NOTE),
        ("../.d.txt", NOTE),
    )
    assert outcome(read_bytes(zipped(*members), "a.zip")) == ["text", "path_escape"]


def test_members_of_one_name_have_ids_of_their_own(read_bytes):
    """The same name twice is two records."""
    with pytest.warns(UserWarning, match="Duplicate"):
        data = zipped(("a.txt", NOTE), ("a.txt", NOTE + NOTE))
    answers = read_bytes(data)
    assert len({answer.record_id for answer in answers}) == 2


def test_an_encrypted_member_is_withheld(read_bytes, outcome):
    """Flag bit 0 set in both headers."""
    data = bytearray(zipped(("a.txt", NOTE)))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    assert outcome(read_bytes(bytes(data))) == ["encrypted"]


def test_a_wrong_checksum_is_found(read_bytes, outcome):
    """One byte changed in stored data."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", NOTE)
    assert outcome(read_bytes(out.getvalue().replace(b"clinic", b"cl1nic"))) == ["bad_archive"]


def test_a_bomb_is_stopped_by_its_ratio(read_bytes, outcome):
    """Zeros that pack a thousand to one."""
    assert outcome(read_bytes(zipped(("a.txt", b"a " * 3_000_000)))) == ["compression_ratio"]
    assert outcome(read_bytes(gzip.compress(b"a " * 3_000_000), "a.gz")) == ["compression_ratio"]


def test_all_members_share_one_budget(read_bytes, outcome):
    """Many members may not do what one may not."""
    data = zipped(*[(f"{n}.txt", NOTE * 20) for n in range(10)])
    found = outcome(read_bytes(data, max_file_bytes=3000))
    assert found[:4] == ["text"] * 4
    assert set(found[4:]) == {"too_large"}
    assert len(found) == 10


def test_the_number_of_members_is_capped(read_bytes, outcome):
    """An archive with too many members is refused whole."""
    data = zipped(*[(f"{n}.txt", NOTE) for n in range(6)])
    assert outcome(read_bytes(data, max_members=5)) == ["too_many_members"]


def test_overlapping_members_are_refused(read_bytes, outcome):
    """Two directory entries that share one local header."""
    data = zipped(("a.txt", NOTE), ("b.txt", NOTE))
    second = data.rindex(b"PK\x01\x02")
    data = data[: second + 42] + struct.pack("<I", 0) + data[second + 46 :]
    assert outcome(read_bytes(data)) == ["bad_archive"]


@pytest.mark.parametrize("keep", [30, 60, 100])
def test_a_cut_off_zip_is_truncated(read_bytes, outcome, keep):
    """The directory at its end is gone."""
    assert outcome(read_bytes(zipped(("a.txt", NOTE * 3))[:keep])) == ["truncated"]


def test_office_documents_are_no_archives(read_bytes, outcome):
    """A DOCX is one file of an unknown format, not a bag of XML."""
    assert outcome(read_bytes(zipped(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")))) == [
        "unknown_format"
    ]


def test_a_cut_off_gzip_is_truncated(read_bytes, outcome):
    """Nothing is passed on as if it were whole."""
    assert outcome(read_bytes(gzip.compress(NOTE * 50)[:-9], "a.gz")) == ["truncated"]


def test_lines_before_a_break_are_kept(read_bytes, outcome):
    """Records framed before a gzip breaks off go on; one answer stands for the rest."""
    import random

    noise = random.Random(1)
    lines = b"".join(b'{"id": "%d", "text": "%x"}\n' % (n, noise.getrandbits(800)) for n in range(9000))
    found = outcome(read_bytes(gzip.compress(lines)[:-1000], "a.jsonl.gz"))
    assert found[0] == "row"
    assert found[-1] == "truncated"
    assert found.count("truncated") == 1


@pytest.mark.parametrize("damage", [b"\x1f\x8b\x08\x00", b"\x1f\x8b\xff\xff" + b"\x00" * 40])
def test_a_damaged_gzip_is_withheld(read_bytes, outcome, damage):
    """A header without a body, and one of an unknown method."""
    assert outcome(read_bytes(damage))[0] in {"truncated", "bad_archive"}


def test_an_empty_archive_is_empty(read_bytes, outcome):
    """No members is an answer too."""
    assert outcome(read_bytes(zipped())) == ["empty"]
