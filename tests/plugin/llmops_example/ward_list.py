"""A format: ``%WARD`` files, one patient a line as ``number;note``."""

from llmops.documents import ClinicalDocument, Kind, Provenance, SourceRecord
from llmops.formats import FormatSpec
from llmops.identities import Identity, SubjectIdentifier
from llmops.normalize import NormalizeConfig
from llmops.phi import PhiLabel
from llmops.sources import Frame, Framed, Head, Stream


def is_ward_list(head: Head) -> bool:
    return head.body.startswith(b"%WARD\n")


def lines(stream: Stream, cap: int):
    """Give each line behind the first as a record."""
    at = 0
    for number, line in enumerate(stream.whole(cap).splitlines(keepends=True)):
        if number:
            yield _frame(number - 1, at, line)
        at += len(line)


def _frame(number: int, start: int, line: bytes) -> Framed:
    return Frame(ordinal=number, payload=line.rstrip(), start=start, end=start + len(line))


class Reader:
    """Reads one line."""

    def documents(self, record: SourceRecord, config: NormalizeConfig) -> tuple[ClinicalDocument, ...]:
        number, _, note = record.payload.decode().partition(";")
        return (
            ClinicalDocument(
                document_id=f"{record.record_id}.0",
                record_id=record.record_id,
                subject=(_patient(number),),
                kind=Kind.NOTE,
                text=note,
                provenance=Provenance(format=record.format, path="note"),
            ),
        )

    def identities(self, record: SourceRecord, config: NormalizeConfig) -> tuple[Identity, ...]:
        return (Identity(subject=(_patient(record.payload.decode().partition(";")[0]),)),)


def _patient(number: str) -> SubjectIdentifier:
    return SubjectIdentifier(value=number, label=PhiLabel.MRN)


WARD_LIST = FormatSpec(name="wardlist", reader=Reader(), sniff=is_ward_list, frame=lines)
