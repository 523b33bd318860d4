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

from llmops.documents import ClinicalDocument, DocumentGroup, Locator, QualityReport, ScoredDocument, SourceRecord
from llmops.formats import FORMATS
from llmops.normalize import NormalizeConfig, Normalizer
from llmops.pipeline import LedgerWriter, Place
from llmops.quality import body_key, content_key
from llmops.release import PermanentWithdrawal, RevocationReason
from llmops.runner.withdrawn import withdrawn_of
from llmops.sources import FilesConfig, ShardSize, UnitSource, plan_units

KEY = b"a key of the raw zone"
WORDS = ["stable", "wheeze", "7 mm", "µg", 'so-called "mass", new']

notes = st.lists(
    st.tuples(
        st.integers(100_000, 100_003),
        st.integers(1, 4),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join),
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
    for document in documents(files):
        found.setdefault(document.text, []).append(document.document_id)
    return {text: sorted(names) for text, names in found.items()}


def documents(files: dict[str, bytes]) -> list[ClinicalDocument]:
    found: list[ClinicalDocument] = []
    normalizer = Normalizer(NormalizeConfig(require_subject=False), key=KEY, formats=FORMATS)
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        for unit in plan_units([Path(folder)], FilesConfig(), ShardSize(bytes=200), formats=FORMATS):
            for record in UnitSource(unit, FilesConfig(), KEY, FORMATS).records():
                assert isinstance(record, SourceRecord)
                (answer,) = normalizer.process([record])
                assert isinstance(answer, DocumentGroup)
                found += [part for part in answer.parts if isinstance(part, ClinicalDocument)]
    return found


def scored(document: ClinicalDocument) -> ScoredDocument:
    """As the gate sees it; the text is left as it is, since nothing of it is looked at."""
    return ScoredDocument(
        document_id=document.document_id,
        record_id=document.record_id,
        subject="".join(identifier.value for identifier in document.subject),
        kind=document.kind,
        text=document.text,
        policy_id="p@1",
        provenance=document.provenance,
        quality=QualityReport(score=1.0, dimensions=()),
        content_key=content_key(document, KEY),
        body_key=body_key(document, KEY),
    )


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


@settings(max_examples=60, deadline=None)
@given(
    st.data(), notes, notes, st.sampled_from([keyed, without_key]), st.sampled_from(["phi_found", "erasure_request"])
)
def test_a_tombstone_holds_for_its_note_and_for_no_other(data, before, more, rows, reason) -> None:
    """By key and by text, whatever the next export looks like: an edit, a text file of it, other rows beside it."""
    first = [scored(document) for document in documents(data.draw(exports(rows(before))))]
    guilty = data.draw(st.sampled_from(first))
    with tempfile.TemporaryDirectory() as folder:
        with LedgerWriter(Path(folder), "run-1", output="o") as ledger:
            for document in first:
                ledger.place(Place.of(document, Locator(container="x")))
            ledger.keep("first")
        taken = PermanentWithdrawal(release="first", document=guilty.document_id, reason=RevocationReason(reason))
        held = withdrawn_of([taken], Path(folder))
    (mrn, number, text), *_ = [one for one in before if one[2] == guilty.text and str(one[0]) == guilty.subject]
    edited = (mrn, number, f"{text}, addendum")
    after = [edited, *(one for one in [*before, *more] if one != edited)]
    export = data.draw(exports(rows(list(dict.fromkeys(after)))))
    export |= {"z.txt": f"MRN: {mrn}\n{text}".encode(), "y.txt": text.encode()}
    known = {document.document_id for document in first}
    for document in map(scored, documents(export)):
        same_text = document.content_key == guilty.content_key
        same_person = reason == "phi_found" or document.subject in ("", guilty.subject)
        same_record = document.record_id == guilty.record_id and (
            document.document_id == guilty.document_id or document.document_id not in known
        )
        assert held.holds(document) == ((same_text and same_person) or same_record)
    assert any(held.holds(scored(document)) for document in documents({"y.txt": text.encode()}))
