"""CSV and Parquet rows: none merged, none lost."""

import csv
import io

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops.documents import NOT_TEXT, SourceRecord
from llmops.formats import FORMATS
from llmops.sources import FilesConfig, ShardSize, UnitSource, plan_units
from llmops.sources.lines import Line
from llmops.sources.table import column_names, raw_rows


def cells(answers):
    """Rows as lists of their values; reasons for what is withheld."""
    return [list(orjson.loads(a.payload).values()) if isinstance(a, SourceRecord) else a.reason.value for a in answers]


def test_cells_may_span_lines(read_bytes):
    """A note with line breaks, quotes and commas in a quoted cell is one cell."""
    data = b'id,text,x\r\n1,"line one\r\nline ""two"", and\n\nfour",a\r\n2,plain,b\r\n'
    assert cells(read_bytes(data, "a.csv")) == [["1", 'line one\r\nline "two", and\n\nfour', "a"], ["2", "plain", "b"]]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'1,"never closed\n2,b\n3,c\n', ["bad_row", ["2", "b"], ["3", "c"]]),
        (b'1,"closed by the next\n2,"b"\n3,c\n', ["bad_row", ["2", "b"], ["3", "c"]]),
        (b'1,"open\n"2","b"\n3,c', ["bad_row", ["2", "b"], ["3", "c"]]),
        (b'1,a"b\n2,5\'10" tall\n', [["1", 'a"b'], ["2", "5'10\" tall"]]),
        (b'1,"a" tail\n2,b\n', ["bad_row", ["2", "b"]]),
        (b"1\n2,b\n3,c,d\n", ["bad_row", ["2", "b"], "bad_row"]),
        (b"1,a\n\n\n2,b\n", [["1", "a"], ["2", "b"]]),
        (b"1,caf\xe9\n2,caf\xc3\xa9\n", [["1", "café"], ["2", "café"]]),
        (b"1,\xff\x81\x8d\x8f\x90\n2,b\n", ["wrong_encoding", ["2", "b"]]),
    ],
)
def test_a_broken_row_costs_itself_only(read_bytes, body, expected):
    """What is wrong with a row withholds that row, and every line after it is still answered for."""
    assert cells(read_bytes(b"id,text\n" + body, "a.csv")) == expected


def test_every_line_open_is_answered_in_linear_work(read_bytes):
    """Lines that each seem to open a quote to the end of the file do not make the reader look ahead for ever."""
    line = b'a","""""\n'
    answers = read_bytes(b"id,text\n" + line * 20_000, "a.csv", max_record_bytes=4096)
    assert len(answers) == 20_000
    assert {a.reason.value for a in answers} == {"bad_row"}


def test_lone_carriage_returns_end_rows(read_bytes):
    """Files of old spreadsheets end lines with a carriage return alone."""
    assert cells(read_bytes(b"id,text\r1,a\r2,b\r", "a.csv")) == [["1", "a"], ["2", "b"]]


def test_wide_characters_are_recoded(read_bytes):
    """A UTF-16 export of a spreadsheet is read, and says how it was known."""
    answers = read_bytes("id,text\n1,naïve – ok\n".encode("utf-16"), "a.csv")
    assert cells(answers) == [["1", "naïve – ok"]]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_separator_line_of_excel_is_no_header(tmp_path, codec):
    """``sep=;`` says how to read the file; rows, and ranges of them, are those of the same file without it."""
    path = tmp_path / "a.csv"
    path.write_bytes(("sep=;\r\nid;text\r\n" + "".join(f"{n};a, b\r\n" for n in range(100))).encode(codec))
    found = _read(path, FilesConfig(), ShardSize(bytes=200))
    assert [orjson.loads(answer.payload)["id"] for answer in found] == [str(n) for n in range(100)]
    assert [answer.locator.start for answer in found] == list(range(100))


def test_column_names_never_collide(read_bytes):
    """Repeated and empty column names are told apart, so no cell overwrites another."""
    answers = read_bytes(b"a,a,\n1,2,3\n", "a.csv")
    assert orjson.loads(answers[0].payload) == {"a": "1", "a#2": "2", "column_3": "3"}


def test_names_are_told_apart_without_comparing_each_with_each():
    """Of 2,000 columns no more than a few comparisons a column are asked for: 100,000 took minutes."""
    compared = []

    class Cell(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other):
            compared.append(other)
            return str.__eq__(self, other)

        def strip(self, *_):
            return self

    assert len(set(column_names([Cell(f"c{n}") for n in range(2000)]))) == 2000
    assert len(compared) < 8000


@pytest.mark.parametrize(("columns", "expected"), [(30, ["row"]), (31, ["too_large"])])
def test_a_table_of_too_many_columns_is_withheld(tmp_path, read, read_bytes, outcome, columns, expected):
    """No export of notes has 10,000 columns, and each row would pay for all of them."""
    header, row = (",".join(f"{word}{n}" for n in range(columns)) for word in ("c", "x"))
    assert outcome(read_bytes(f"{header}\n{row}\n".encode(), "a.csv", max_columns=30)) == expected
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({f"c{n}": ["x"] for n in range(columns)}), path)
    assert outcome(read(path, max_columns=30)) == expected


def test_a_row_over_the_cap_is_passed_over(read_bytes):
    """A row that is too long is withheld and the next one read."""
    data = b"id,text\n1," + b"x" * 5000 + b"\n2,b\n"
    assert cells(read_bytes(data, "a.csv", max_record_bytes=1000)) == ["too_large", ["2", "b"]]


@pytest.mark.parametrize("shard_bytes", [1, 40, 500, 10**6])
def test_ranges_give_the_same_records_as_the_whole(tmp_path, shard_bytes):
    """Ids and payloads do not depend on how a file is cut."""
    path = tmp_path / "a.csv"
    body = b"".join(b'%d,"note\n%d with ""quotes"""\n' % (n, n) + b'x,"open\n' * (n % 3 == 0) for n in range(50))
    path.write_bytes(b"\xef\xbb\xbfid,text\n" + body)
    whole = _read(path, FilesConfig())
    cut = _read(path, FilesConfig(), ShardSize(bytes=shard_bytes))
    assert cut == whole
    assert len(whole) == 50 + 17


def _read(path, config, size=None):
    units = plan_units([path], config, size, formats=FORMATS)
    return [answer for unit in units for answer in UnitSource(unit, config, b"k", FORMATS).records()]


@given(rows=st.lists(st.lists(st.text(alphabet='ab",;\n\r é', max_size=6), min_size=2, max_size=2), max_size=8))
def test_framing_agrees_with_a_strict_writer(rows):
    """Whatever the csv module writes is framed as it was written."""
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    data = out.getvalue().encode()
    lines, at = [], 0
    for piece in data.split(b"\n")[:-1]:
        lines.append(Line(start=at, end=at + len(piece) + 1, data=piece + b"\n"))
        at += len(piece) + 1
    framed = [row.data for row in raw_rows(lines, b",", 10**6)]
    assert [next(csv.reader(io.StringIO(f.decode(), newline=""))) for f in framed] == rows


def test_parquet_rows_are_read_by_range(tmp_path):
    """Rows keep their values and ids however the file is split; bytes and dates become text."""
    table = pa.table(
        {
            "id": [f"n{n}" for n in range(2500)],
            "text": ["note"] * 2500,
            "when": pa.array([1_700_000_000_000_000] * 2500, pa.timestamp("us")),
            "raw": [b"\xff\x00"] * 2500,
            "gone": pa.nulls(2500),
        }
    )
    path = tmp_path / "notes"
    pq.write_table(table, path, row_group_size=400)
    whole = _read(path, FilesConfig())
    assert len(whole) == 2500
    first = orjson.loads(whole[0].payload)
    assert first == {"id": "n0", "text": "note", "when": "2023-11-14T22:13:20", "raw": NOT_TEXT, "gone": None}
    assert whole[7].locator.start == 7


def test_bytes_in_parquet_are_read_as_a_text_file_is(tmp_path):
    """No note is written in base64 or the like, which nobody would search; what is no text says so."""
    note = "José called, MRN 3300444: stable, goes home tomorrow."
    raw = [
        note.encode(),
        note.encode("cp1252"),
        note.encode("utf-16"),
        b"\xef\xbb\xbf" + note.encode(),
        b"\x89PNG\x00\xff",
    ]
    path = tmp_path / "notes"
    pq.write_table(pa.table({"text": pa.array(raw, pa.binary())}), path)
    assert cells(_read(path, FilesConfig())) == [[note]] * 4 + [[NOT_TEXT]]


def test_big_parquet_files_are_split(tmp_path):
    """A file above the row limit becomes several units with the same records."""
    path = tmp_path / "notes.parquet"
    text = [f"{n:07d}" * 40 for n in range(9000)]
    pq.write_table(pa.table({"text": text}), path, compression="none", use_dictionary=False)
    size = ShardSize(records=4000, bytes=10**9)
    units = plan_units([path], FilesConfig(), size, formats=FORMATS)
    assert [(u.start, u.stop) for u in units] == [(0, 4000), (4000, 8000), (8000, 12000)]
    assert _read(path, FilesConfig(), size) == _read(path, FilesConfig(), ShardSize(records=10**6, bytes=10**9))
    assert len(plan_units([path], FilesConfig(), ShardSize(records=10**6, bytes=280 * 1000), formats=FORMATS)) == 10


def test_a_damaged_parquet_file_is_withheld(tmp_path, read_bytes, outcome):
    """No footer, or a footer of nonsense."""
    assert outcome(read_bytes(b"PAR1" + b"x" * 100)) == ["truncated"]
    assert outcome(read_bytes(b"PAR1" + b"x" * 100 + b"\x40\x00\x00\x00PAR1")) == ["malformed"]


def test_each_range_of_a_broken_file_has_an_answer_of_its_own(tmp_path):
    """A damaged Parquet file cut into ranges is withheld once a range, under different ids."""
    path = tmp_path / "a"
    pq.write_table(pa.table({"text": [f"{n:07d}" * 40 for n in range(9000)]}), path, compression="none")
    data = bytearray(path.read_bytes())
    data[4:2000] = b"\xff" * 1996
    path.write_bytes(data)
    answers = _read(path, FilesConfig(), ShardSize(records=4000, bytes=10**9))
    assert [a.reason.value for a in answers if not isinstance(a, SourceRecord)] == ["malformed"] * 3
    assert len({a.record_id for a in answers}) == len(answers)
