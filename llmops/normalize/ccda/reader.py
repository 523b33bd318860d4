"""Read C-CDA documents: the section tree becomes one document; an unstructured body becomes its text."""

from typing import Final

from llmops.documents import ClinicalDocument, Field, FieldPhi, Kind, Provenance, Reason, Section, SourceRecord
from llmops.identities import Identity
from llmops.normalize.attachments import from_base64, plain_text
from llmops.normalize.ccda.people import people, says_anything, subject_of
from llmops.normalize.ccda.sections import Body, add_section, add_sections
from llmops.normalize.ccda.xml import Element, attribute, child, children, name_of, parse, text_of
from llmops.normalize.config import NormalizeConfig
from llmops.normalize.errors import Refused
from llmops.normalize.text.builder import TextBuilder
from llmops.normalize.text.hl7_times import iso_time
from llmops.normalize.text.sections import find_sections
from llmops.phi import PhiLabel

_LOINC: Final = "2.16.840.1.113883.6.1"
_ROOTS: Final = frozenset({"ClinicalDocument", "section", "structuredBody", "component", "recordTarget", "entry"})
_SUMMARIES: Final = frozenset({"34133-9", "55751-2", "88085-6", "57133-1", "18776-5", "52521-2"})


def documents(record: SourceRecord, config: NormalizeConfig) -> tuple[ClinicalDocument, ...]:
    """Make the one document of a C-CDA record.

    Args:
        record: the XML. PHI.
        config: depth limit; whether a document without a patient is refused.

    Raises:
        Refused: not safely parsable, no C-CDA, no patient but one required, no content, or an attachment that is not
            text.
    """
    root = parse(record, config.max_depth)
    _check_is_cda(root)
    subject = subject_of(root)
    if config.require_subject and not subject:
        raise Refused(Reason.NO_SUBJECT)
    body = Body(builder=TextBuilder(record.encoding), size=len(record.payload))
    _fill(body, root)
    text, align = body.builder.build()
    if not text.strip():
        raise Refused(Reason.NO_CONTENT)
    doc_type = _doc_type(root)
    structured = child(root, "component", "nonXMLBody") is None
    return (
        ClinicalDocument(
            document_id=f"{record.record_id}.0",
            record_id=record.record_id,
            subject=subject,
            kind=Kind.SUMMARY if doc_type in _SUMMARIES else Kind.NOTE,
            doc_type=doc_type,
            title=_title(root),
            text=text,
            sections=_sections(body, text, structured=structured),
            fields=(*_header_fields(root), *body.fields),
            time=_time(root),
            align=align,
            provenance=Provenance(format=record.format, path="ClinicalDocument", changes=body.builder.changes),
            source_key=_source_key(root),
        ),
    )


def _source_key(root: Element) -> tuple[str, ...]:
    """Return ``ClinicalDocument/id``: a globally unique root, with an extension unique under it (CDA R2)."""
    number = child(root, "id") if name_of(root) == "ClinicalDocument" else None
    named = attribute(number, "root"), attribute(number, "extension")
    return ("ccda", *named) if any(named) else ()


def identities(record: SourceRecord, config: NormalizeConfig) -> tuple[Identity, ...]:
    """Return the people and organisations a document names around its patient.

    Args:
        record: the XML. PHI.
        config: depth limit.

    Raises:
        Refused: not safely parsable, or no C-CDA.
    """
    root = parse(record, config.max_depth)
    _check_is_cda(root)
    return tuple(dict.fromkeys(identity for identity in people(root) if says_anything(identity)))


def _check_is_cda(root: Element) -> None:
    """Accept a whole document or a fragment of one; refuse other XML."""
    if name_of(root) not in _ROOTS and not str(root.tag).startswith("{urn:hl7-org:v3}"):
        raise Refused(Reason.MALFORMED)


def _fill(body: Body, root: Element) -> None:
    unstructured = child(root, "component", "nonXMLBody", "text")
    title = _title(root) if name_of(root) == "ClinicalDocument" else ""
    if unstructured is not None:
        body.add(_attached(unstructured), "component/nonXMLBody/text")
        return
    if title:
        body.add(title, "title")
        body.builder.newline()
    before = len(body.builder)
    for section in (root,) if name_of(root) == "section" else tuple(children(root, "section")):
        add_section(body, section, "section")
    add_sections(body, root, "")
    for holder in (*children(root, "component", "structuredBody"), *children(root, "structuredBody")):
        add_sections(body, holder, "component/structuredBody")
    if len(body.builder) == before:
        raise Refused(Reason.NO_CONTENT)


def _attached(text: Element) -> str:
    """Return the text of an unstructured body.

    Raises:
        Refused: ``EXTERNAL_ATTACHMENT``, ``UNSUPPORTED_ATTACHMENT`` or ``BAD_ATTACHMENT``.
    """
    written = "".join(map(str, text.itertext()))
    if child(text, "reference") is not None and not written.strip():
        raise Refused(Reason.EXTERNAL_ATTACHMENT)
    media = attribute(text, "mediaType").partition(";")[0].lower() or "text/plain"
    if media not in {"text/plain", "text/markdown", "text/html"} or attribute(text, "compression"):
        raise Refused(Reason.UNSUPPORTED_ATTACHMENT)
    data = from_base64(written) if attribute(text, "representation") == "B64" else written.encode()
    return plain_text(data, html=media == "text/html")


def _sections(body: Body, text: str, *, structured: bool) -> tuple[Section, ...]:
    return body.sections(text) if structured else find_sections(text)


def _title(root: Element) -> str:
    return text_of(child(root, "title")) or attribute(child(root, "code"), "displayName")


def _doc_type(root: Element) -> str:
    code = child(root, "code")
    return attribute(code, "code") if attribute(code, "codeSystem") == _LOINC else ""


def _time(root: Element) -> str:
    """Return the time of the documented care, else of the document's creation."""
    encounter = child(root, "componentOf", "encompassingEncounter", "effectiveTime")
    places = (child(encounter, "low"), encounter, child(root, "effectiveTime"))
    return next(filter(None, (iso_time(attribute(place, "value")) for place in places)), "")


def _header_fields(root: Element) -> tuple[Field, ...]:
    """Return the header values that readers of de-identified text still need."""
    patient = child(root, "recordTarget", "patientRole", "patient")
    sex = attribute(child(patient, "administrativeGenderCode"), "code")
    known_sex = sex in {"F", "M", "UN"}
    made = iso_time(attribute(child(root, "effectiveTime"), "value"))
    return (
        *((Field(name="patient.administrativeGenderCode", value=sex, phi=FieldPhi.NONE),) if known_sex else ()),
        *((Field(name="ClinicalDocument.effectiveTime", value=made, phi=PhiLabel.DATE),) if made else ()),
    )
