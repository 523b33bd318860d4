"""Turn a Composition (FHIR document) into one document of its sections' narrative, in the author's order."""

from collections.abc import Iterator
from typing import Final

from llmops.documents import ClinicalDocument, Field, Kind, Provenance, Section, SourceRecord
from llmops.identities import SubjectIdentifier
from llmops.normalize.fhir.attachment_documents import document_time
from llmops.normalize.fhir.bundle import Entry
from llmops.normalize.fhir.statements import people_fields
from llmops.normalize.fhir.values import loinc, obj, objs, string
from llmops.normalize.json_object import Json
from llmops.normalize.notes.kinds import guess_kind
from llmops.normalize.text.builder import TextBuilder
from llmops.normalize.text.cleaning import clean
from llmops.normalize.text.html_text import html_to_text
from llmops.normalize.text.section_names import OTHER, section_name, section_name_for_code
from llmops.phi import PhiLabel

_HEADING_BREAKS: Final = "\r\n"


def composition_document(
    entry: Entry, subject: tuple[SubjectIdentifier, ...], source: SourceRecord
) -> ClinicalDocument | None:
    """Make the document of a Composition; None if no section holds narrative.

    Args:
        entry: the Composition. PHI.
        subject: its subject. PHI.
        source: the source record. PHI.
    """
    resource = entry.resource
    builder = TextBuilder()
    starts: list[tuple[int, str, str]] = []
    for path, section in _sections(resource, entry.path):
        narrative = html_to_text(string(obj(section.get("text")).get("div")))
        if not narrative:
            continue
        builder.blank_line()
        starts.append((len(builder), *_name(section)))
        if title := string(section.get("title")).translate(dict.fromkeys(map(ord, _HEADING_BREAKS), " ")):
            builder.add(f"{title}\n", path=f"{path}.title", source_end=len(source.payload))
        builder.add(narrative, path=f"{path}.text.div", source_end=len(source.payload))
    text, align = builder.build()
    if not text:
        return None
    ends = [start for start, _, _ in starts[1:]] + [len(text)]
    code = loinc(resource.get("type"))
    title = string(resource.get("title"))
    fields: Iterator[Field] = people_fields(resource, "Composition", ("author",), PhiLabel.NAME)
    return ClinicalDocument(
        document_id=f"{source.record_id}.0",
        record_id=source.record_id,
        subject=subject,
        kind=Kind.NOTE,
        doc_type=code or guess_kind(title)[1],
        title=clean(title).text,
        text=text,
        sections=tuple(
            Section(start=start, end=end, name=name, code=loinc_code)
            for (start, name, loinc_code), end in zip(starts, ends, strict=True)
        ),
        fields=tuple(fields),
        time=document_time(resource),
        align=align,
        provenance=Provenance(format=source.format, path=f"{entry.path}:Composition", changes=builder.changes),
    )


def _sections(resource: Json, path: str) -> Iterator[tuple[str, Json]]:
    """Yield sections in reading order, subsections after their parent, without recursion."""
    waiting = [(f"{path}.section[{n}]", s) for n, s in enumerate(objs(resource.get("section")))][::-1]
    while waiting:
        here, section = waiting.pop()
        yield here, section
        waiting += [(f"{here}.section[{n}]", s) for n, s in enumerate(objs(section.get("section")))][::-1]


def _name(section: Json) -> tuple[str, str]:
    code = loinc(section.get("code"))
    name = section_name_for_code(code) if code else OTHER
    return (name, code) if name != OTHER else section_name(string(section.get("title")))
