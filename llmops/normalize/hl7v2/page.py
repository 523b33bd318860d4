"""Build a document: text with alignment, typed values, and attachments that become documents of their own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from llmops.documents import Field, Section
from llmops.normalize.hl7v2.fields import VIEWS, SegmentView
from llmops.normalize.hl7v2.modifiers import is_retracted, negation
from llmops.normalize.hl7v2.segments import FieldText, Segment
from llmops.normalize.hl7v2.shapes import misplaced
from llmops.normalize.hl7v2.values import readable, typed
from llmops.normalize.text.builder import TextBuilder
from llmops.normalize.text.sections import section_name


@dataclass(slots=True, kw_only=True)
class Page:
    """The parts of one document under construction. PHI.

    Args:
        builder: the text so far.
        fields: the typed values so far.
        attachments: OBX segments of type ED or RP encountered.
        headings: offset and text of each of our headings.
    """

    builder: TextBuilder
    fields: list[Field] = field(default_factory=list, repr=False)
    attachments: list[Segment] = field(default_factory=list, repr=False)
    headings: list[tuple[int, str]] = field(default_factory=list)

    def heading(self, heading: str) -> None:
        """Open a section under one of our headings."""
        self.builder.blank_line()
        self.headings.append((len(self.builder), heading))
        self.builder.glue(f"{heading}:\n")

    def write(self, segment: Segment, number: int, value: FieldText, text: str) -> None:
        """Add a piece of text from a field.

        Args:
            segment: its segment. PHI.
            number: number of the field.
            value: its source repetition, which gives the byte range. PHI.
            text: its text. PHI.
        """
        self.builder.add(
            text,
            path=f"{segment.name}[{segment.ordinal}]-{number}",
            source_start=value.start,
            source_end=value.end,
            exact=text == value.raw,
        )

    def speaks(self, segment: Segment) -> bool:
        """Say whether `line` (or a remark) would add any text."""
        view = VIEWS.get(segment.name)
        if is_retracted(segment):
            return False
        if view is None:
            return says(segment, 3)
        if negation(segment):
            return True
        shown = ((number, datatype) for number, (datatype, _) in view.fields.items() if number not in view.quiet)
        return any(readable(value, datatype) for number, datatype in shown for value in segment.repetitions(number))

    def line(self, segment: Segment) -> None:
        """Add one segment as a line of its useful fields (``- Asthma; Date: 2020-05-01``) and as typed values."""
        if is_retracted(segment):
            self.builder.count("dropped:retracted")
            return
        view = VIEWS[segment.name]
        said = negation(segment)
        opened = bool(said)
        self.builder.glue(f"- {said}" if said else "")
        for number, (datatype, label) in view.fields.items():
            for value in segment.repetitions(number):
                name = f"{segment.name}-{number}"
                text = readable(value, datatype, name)
                if not text:
                    self.misplaced(name, value, datatype)
                    continue
                made = typed(name, value, datatype)
                self.fields.append(replace(made, name=f"{name}.negated") if said and not label else made)
                if number not in view.quiet:
                    before = "- " if not opened else "; " if label else ": "
                    self.builder.glue(before + (f"{label}: " if label else ""))
                    self.write(segment, number, value, text)
                    opened = True
        self.builder.newline()

    def values(self, segment: Segment) -> None:
        """Add a segment's typed values without text."""
        view: SegmentView | None = VIEWS.get(segment.name)
        for number, (datatype, _) in view.fields.items() if view is not None else ():
            for value in segment.repetitions(number):
                if readable(value, datatype):
                    self.fields.append(typed(f"{segment.name}-{number}", value, datatype))
                else:
                    self.misplaced(f"{segment.name}-{number}", value, datatype)

    def misplaced(self, name: str, value: FieldText, datatype: str) -> None:
        """Keep a person or identifier under another datatype as a typed value, which the policy treats whole."""
        if misplaced(value, datatype) is not None:
            self.fields.append(typed(name, value, datatype))
            self.builder.count("typed_only")

    def lines(self, segment: Segment, number: int, datatype: str) -> None:
        """Add the repetitions of a field, one per line: senders break FT and TX lines this way."""
        values = [value for value in segment.repetitions(number) if misplaced(value, datatype) is None]
        for n, value in enumerate(values):
            if n:
                self.builder.newline()
            self.write(segment, number, value, readable(value, datatype))


def says(segment: Segment, number: int) -> bool:
    """Say whether a free-text field has content allowed in the text."""
    return any(readable(value, "TX") for value in segment.repetitions(number))


def named_sections(headings: Sequence[tuple[int, str]], text: str) -> tuple[Section, ...]:
    """Return sections that begin at our headings and cover the text.

    Args:
        headings: offset and text of each.
        text: the finished text. PHI.
    """
    starts = [0, *(start for start, _ in headings[1:])]
    ends = [*starts[1:], len(text)]
    names = [section_name(heading) for _, heading in headings]
    return tuple(
        Section(start=start, end=end, name=name, code=code)
        for start, end, (name, code) in zip(starts, ends, names, strict=True)
        if start < end
    )


def remarks(page: Page, segments: Iterable[Segment]) -> None:
    """Add a run of consecutive comments (NTE-3)."""
    given = list(segments)
    for segment in given:
        for value in segment.repetitions(3):
            page.misplaced("NTE-3", value, "FT")
    written = [segment for segment in given if says(segment, 3)]
    if not written:
        return
    page.builder.glue("Remark: " if len(written) == 1 else "Remark:\n")
    for segment in written:
        page.lines(segment, 3, "FT")
        page.builder.newline()
