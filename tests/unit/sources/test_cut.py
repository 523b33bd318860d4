"""Files are cut by the work in them, whatever their format and layout, and no record notices."""

import gzip
import io
import json
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llmops.formats import FORMATS
from llmops.pipeline import plan_shards
from llmops.sources import FilesConfig, ShardSize, plan_units

NOTE = "Seen in clinic today, no complaints, to return in a month. " * 16
LINES = b"".join(json.dumps({"id": str(n), "text": f"{n} {NOTE}"}).encode() + b"\n" for n in range(3500))
CSV = b"id,text\n" + b"".join(b'%d,"%s"\n' % (n, NOTE.encode()) for n in range(3500))
MESSAGE = b"MSH|^~\\&|A|B|C|D|20240101||ADT^A01|%d|P|2.5\rPID|1||%d\rNTE|1||" + NOTE.encode() + b"\r"
HL7 = b"FHS|^~\\&\rBHS|^~\\&\r" + b"".join(MESSAGE % (n, n) for n in range(3500)) + b"BTS|3500\rFTS|1\r"


def _parquet():
    out = io.BytesIO()
    pq.write_table(pa.table({"text": [f"{n} {NOTE}" for n in range(3500)]}), out, use_dictionary=False)
    return out.getvalue()


def _zip(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(parts):
            archive.writestr(f"{number:04d}.txt", f"{number} {NOTE}")
    return out.getvalue()


FILES = {
    "a.jsonl": LINES,
    "a.csv": CSV,
    "a.parquet": _parquet(),
    "a.hl7": HL7,
    "a.jsonl.gz": gzip.compress(LINES, 1),
    "a.csv.gz": gzip.compress(CSV, 1),
    "a.json": b"[" + LINES.rstrip().replace(b"\n", b",") + b"]",
    "a.zip": _zip(3500),
    "wide.csv": CSV.decode().encode("utf-16"),
}


def _shards(path):
    return plan_shards(plan_units([path], FilesConfig(max_ratio=2000), formats=FORMATS), ShardSize())


@pytest.mark.parametrize("name", FILES)
def test_a_big_file_of_any_format_becomes_shards_of_a_thousand_records(tmp_path, read, name):
    """3,500 notes of 1 KB are four shards at least; each record is in one of them, with the id it had in the whole."""
    path = tmp_path / name
    path.write_bytes(FILES[name])
    shards = _shards(path)
    assert len(shards) == 4
    assert all(sum(unit.records for unit in shard.units) <= 1000 for shard in shards)
    whole = read(path, size=ShardSize(records=10**6, bytes=10**9), max_ratio=2000.0)
    assert read(path, max_ratio=2000.0) == whole
    assert len(whole) == 3500


@pytest.mark.parametrize("per_file", [1, 250, 600])
def test_the_layout_of_the_files_decides_little(tmp_path, per_file):
    """As many notes in few or in many files make about as many shards: they are as much work."""
    lines = LINES.splitlines(keepends=True)
    for start in range(0, len(lines), per_file):
        (tmp_path / f"{start:05d}.jsonl").write_bytes(b"".join(lines[start : start + per_file]))
    assert 4 <= len(_shards(tmp_path)) <= 6


def test_long_notes_are_cut_by_their_bytes(tmp_path):
    """Notes of 100 KB: 2 MB to a shard."""
    (tmp_path / "a.jsonl").write_bytes(b"".join(b'{"text": "%s"}\n' % (b"x" * 100_000) for _ in range(60)))
    assert len(_shards(tmp_path)) == 3
