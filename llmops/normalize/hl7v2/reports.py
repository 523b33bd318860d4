"""Group the segments of an HL7 v2 message into reports, and render each as one text."""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from llmops.documents import Kind
from llmops.normalize.hl7v2.observations import has_content, observations
from llmops.normalize.hl7v2.page import Page
from llmops.normalize.hl7v2.segments import Message, Segment
from llmops.normalize.hl7v2.values import coded_text, loinc_of, readable
from llmops.normalize.text.hl7_times import iso_time

_RESULTS: Final = frozenset({"ORU", "OUL", "ORF", "OPU", "ORW"})
_HEADER_LINES: Final = ((13, "Clinical information", "ST"), (31, "Reason for study", "CWE"))
# HL7 table 0270: document types of TXA-2, with their LOINC codes.
_TYPES: Final = MappingProxyType(
    {
        "AR": ("Autopsy report", "18743-5"),
        "CD": ("Cardiodiagnostics", ""),
        "CN": ("Consultation", "11488-4"),
        "DI": ("Diagnostic imaging", "18748-4"),
        "DS": ("Discharge summary", "18842-5"),
        "ED": ("Emergency department report", "34111-5"),
        "HP": ("History and physical examination", "34117-2"),
        "OP": ("Operative report", "11504-8"),
        "PC": ("Psychiatric consultation", ""),
        "PH": ("Psychiatric history and physical examination", ""),
        "PN": ("Procedure note", "28570-0"),
        "PR": ("Progress note", "11506-3"),
        "SP": ("Surgical pathology", "11526-1"),
        "TS": ("Transfer summary", "18761-7"),
    }
)
_DIAGNOSTIC: Final = frozenset({"AR", "CD", "DI", "SP"})


@dataclass(slots=True, kw_only=True)
class Report:
    """The segments of one report. PHI.

    Args:
        patient: the PID in force.
        header: the OBR, or the TXA of a transcription; None for segments under neither.
        body: OBX, NTE and SPM segments in order.
    """

    patient: Segment | None = field(default=None, repr=False)
    header: Segment | None = field(default=None, repr=False)
    body: list[Segment] = field(default_factory=list, repr=False)

    @property
    def kind(self) -> Kind:
        """Return the kind: a transcription is a note unless its type is a test report."""
        is_note = self.header is not None and self.header.name == "TXA" and self.header.get(2) not in _DIAGNOSTIC
        return Kind.NOTE if is_note else Kind.REPORT

    @property
    def doc_type(self) -> str:
        """Return the LOINC code of the report's type, or ``""``."""
        if self.header is not None and self.header.name == "OBR":
            return loinc_of(self.header.first(4))
        if self.header is not None:
            return loinc_of(self.header.first(2)) or _TYPES.get(self.header.get(2), ("", ""))[1]
        return ""

    @property
    def time(self) -> str:
        """Return the time of the report's observations, as ISO 8601, or ``""``."""
        numbers = {"OBR": (7, 22, 6), "TXA": (4, 6)}.get(self.header.name if self.header is not None else "", ())
        times = [iso_time(self.header.get(n)) for n in numbers] if self.header is not None else []
        times += [iso_time(segment.get(14)) for segment in self.body if segment.name == "OBX"]
        return next(filter(None, times), "")


def reports(message: Message) -> list[Report]:
    """Split a message into its reports; empty if it carries none (message kind, or no observations)."""
    if message.code == "MDM":
        return _transcription(message)
    if message.code not in _RESULTS:
        return []
    found = [Report()]
    for segment in message.segments:
        if segment.name == "PID":
            found.append(Report(patient=segment))
        elif segment.name == "OBR":
            found.append(Report(patient=found[-1].patient, header=segment, body=_loose_remarks(found[-1])))
        elif segment.name in {"OBX", "NTE", "SPM"}:
            found[-1].body.append(segment)
    return [report for report in found if report.header is not None or report.body]


def _transcription(message: Message) -> list[Report]:
    body = [*message.named("OBX", "NTE")]
    if not message.named("OBX"):
        return []
    headers = (*message.named("TXA"), *message.named("OBR"))
    patients = message.named("PID")
    return [Report(patient=patients[0] if patients else None, header=headers[0] if headers else None, body=body)]


def _loose_remarks(before: Report) -> list[Segment]:
    """Return the remarks before a patient's first OBR: they belong to what follows."""
    if before.header is not None or any(segment.name == "OBX" for segment in before.body):
        return []
    loose, before.body = before.body, []
    return loose


def write_report(page: Page, report: Report) -> str:
    """Write title, header lines and observations; returns the title.

    Args:
        page: target. PHI.
        report: the report to write. PHI.
    """
    body = [segment for segment in report.body if segment.name != "SPM"]
    for segment in (report.patient, report.header, *(s for s in report.body if s.name == "SPM")):
        if segment is not None:
            page.values(segment)
    title = title_of(report)
    if has_content(body):
        _write_head(page, report, title)
    observations(page, body, title)
    return title


def title_of(report: Report) -> str:
    """Return the report's title: OBR-4, or the document type in TXA-2."""
    header = report.header
    if header is None:
        return ""
    number = 4 if header.name == "OBR" else 2
    known = _TYPES.get(header.get(number), ("", ""))[0] if header.name == "TXA" else ""
    return known or coded_text(header.first(number))


def _write_head(page: Page, report: Report, title: str) -> None:
    header = report.header
    if header is None:
        return
    number = 4 if header.name == "OBR" else 2
    page.write(header, number, header.first(number), title)
    page.builder.newline()
    lines = [
        (field_number, label, datatype)
        for field_number, label, datatype in _HEADER_LINES
        if header.name == "OBR" and any(readable(value, datatype) for value in header.repetitions(field_number))
    ]
    for field_number, label, datatype in lines:
        page.builder.glue(f"{label}: ")
        page.lines(header, field_number, datatype)
        page.builder.newline()
    # Ends the section opened by those lines, so that the results are not read as clinical information.
    page.builder.glue("Results:\n" if lines else "")
