"""Ids of documents hold under everything that may happen to the files between two exports of the same records."""

import csv
import gzip
import io
import json
import tempfile
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops.documents import DocumentGroup, SourceRecord
from llmops.normalize import NormalizeConfig, Normalizer
from llmops.sources import FilesConfig, ShardSize, UnitSource, plan_units

KEY = b"a key of the raw zone"
WORDS = ["stable", "effusion", "Quillon", "wheeze", "7 mm", "nodule", "left", "clear", "µg", "new,", 'so-called "mass"']

notes = st.lists(
    st.tuples(
        st.integers(100_000, 100_009),
        st.integers(1, 40),
        st.lists(st.sampled_from(WORDS), min_size=2, max_size=9).map(" ".join),
    ),
    min_size=2,
    max_size=8,
    unique=True,
)


@st.composite
def exports(draw, rows):
    """The rows in files: some order, any number of files and names, formats and compression."""
    rows = draw(st.permutations(rows))
    names = draw(st.lists(st.from_regex(r"[a-z]{1,6}", fullmatch=True), min_size=1, max_size=3, unique=True))
    files = {name: rows[number :: len(names)] for number, name in enumerate(names)}
    return {
        f"{name}.{kind}{'.gz' if zipped else ''}": written(part, kind, zipped)
        for name, part in files.items()
        for kind in (draw(st.sampled_from(["csv", "jsonl", "json", "parquet"])),)
        for zipped in (draw(st.booleans()) and kind != "parquet",)
        if part
    }


def written(rows: list[dict[str, object]], kind: str, zipped: bool) -> bytes:
    if kind == "csv":
        out = io.StringIO()
        table = csv.DictWriter(out, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
        data = out.getvalue().encode()
    elif kind == "parquet":
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), sink)
        data = sink.getvalue()
    elif kind == "json":
        data = json.dumps(rows).encode()
    else:
        data = "".join(json.dumps(dict(reversed(row.items()))) + "\n" for row in rows).encode()
    return gzip.compress(data) if zipped else data


def ids(files: dict[str, bytes]) -> dict[str, list[str]]:
    """Ids of the documents by text."""
    found: dict[str, list[str]] = {}
    normalizer = Normalizer(NormalizeConfig(require_subject=False), key=KEY)
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        for unit in plan_units([Path(folder)], FilesConfig(), ShardSize(bytes=200)):
            for record in UnitSource(unit, FilesConfig(), KEY).records():
                assert isinstance(record, SourceRecord)
                (answer,) = normalizer.process([record])
                assert isinstance(answer, DocumentGroup)
                for document in answer.parts:
                    found.setdefault(document.text, []).append(document.document_id)
    return {text: sorted(names) for text, names in found.items()}


def keyed(rows: list[tuple[int, int, str]]) -> list[dict[str, object]]:
    return [{"mrn": mrn, "note_id": number, "text": text} for mrn, number, text in rows]


def without_key(rows: list[tuple[int, int, str]]) -> list[dict[str, object]]:
    return [{"mrn": mrn, "chartdate": f"2024-01-{1 + number % 28:02d}", "text": text} for mrn, number, text in rows]


@settings(max_examples=60, deadline=None)
@given(st.data(), notes, notes, st.sampled_from([keyed, without_key]))
def test_the_same_records_have_the_same_ids_however_they_are_exported(data, before, more, rows) -> None:
    """New rows, another order, other names, splits, formats and compression change no id of what was there."""
    first = ids(data.draw(exports(rows(before))))
    second = ids(data.draw(exports(rows([*before, *(one for one in more if one not in before)]))))
    for text, names in first.items():
        assert not Counter(names) - Counter(second[text])
    if rows is keyed:
        assert len({name for names in first.values() for name in names}) == len(before)


@settings(max_examples=60, deadline=None)
@given(st.data(), notes, st.integers(0, 7))
def test_an_edited_record_keeps_its_record_id(data, before, which) -> None:
    """Under its own key it becomes another version; nothing else of the export changes."""
    mrn, number, text = before[which % len(before)]
    after = [(mrn, number, f"{text}, addendum") if one == (mrn, number, text) else one for one in before]
    first, second = ids(data.draw(exports(keyed(before)))), ids(data.draw(exports(keyed(after))))
    old = Counter(name for names in first.values() for name in names)
    new = Counter(name for names in second.values() for name in names)
    (gone,), (come,) = (old - new).elements(), (new - old).elements()
    assert gone.partition(".")[0] == come.partition(".")[0]
