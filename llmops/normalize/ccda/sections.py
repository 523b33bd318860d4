"""Turn the section tree of a C-CDA body into text with headings, and its entries into typed values."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from llmops.documents import Field, Section
from llmops.normalize.ccda.entries import statements
from llmops.normalize.ccda.narrative import lines, narrative
from llmops.normalize.ccda.xml import Element, attribute, child, children, name_of, text_of
from llmops.normalize.text.builder import TextBuilder
from llmops.normalize.text.sections import OTHER, section_name, section_name_for_code


@dataclass(slots=True, kw_only=True)
class Body:
    """The text, sections and fields collected from a document. PHI.

    Args:
        builder: the text so far.
        size: bytes of the payload: the parser keeps no byte offsets, so every piece maps to the whole payload.
        starts: start of each section, its name and its LOINC code.
        fields: typed values so far.
    """

    builder: TextBuilder
    size: int
    starts: list[tuple[int, str, str]] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list, repr=False)

    def add(self, text: str, path: str) -> None:
        """Add a line or block of record text."""
        self.builder.add(text, path=path, source_start=0, source_end=self.size)

    def sections(self, text: str) -> tuple[Section, ...]:
        """Return the sections of the finished text; text before the first is the preamble."""
        starts = [one for one in self.starts if one[0] < len(text)]
        if text and (not starts or starts[0][0] > 0):
            starts = [(0, "preamble", ""), *starts]
        ends = [*(start for start, _, _ in starts[1:]), len(text)]
        return tuple(
            Section(start=start, end=end, name=name, code=code)
            for (start, name, code), end in zip(starts, ends, strict=True)
        )


def add_sections(body: Body, holder: Element, path: str) -> None:
    """Add an element's child sections (``structuredBody``, or a section) in order, with nested sections.

    Args:
        body: target. PHI.
        holder: the element whose ``component/section`` children are read. PHI.
        path: path of that element.
    """
    for n, component in enumerate(children(holder, "component"), start=1):
        for section in children(component, "section"):
            add_section(body, section, f"{path}/component[{n}]/section".lstrip("/"))


def add_section(body: Body, section: Element, path: str) -> None:
    """Add one section: heading, narrative (or one line per entry if empty), entries, nested sections."""
    code = attribute(child(section, "code"), "code")
    title = text_of(child(section, "title")) or attribute(child(section, "code"), "displayName")
    text = child(section, "text")
    found = list(statements(section, _by_id(text)))
    blocks = list(narrative(text)) if text is not None else []
    body.fields += [one for statement in found for one in statement.fields]
    entries = list(dict.fromkeys(statement.line for statement in found if statement.line))
    if any(block for _, block in blocks) or entries:
        _heading(body, title, code, path)
    if any(block for _, block in blocks):
        _blocks(body, blocks, f"{path}/text")
    else:
        for line in entries:
            body.builder.glue("- ")
            body.add(line, f"{path}/entry")
            body.builder.newline()
    add_sections(body, section, path)


def _heading(body: Body, title: str, code: str, path: str) -> None:
    body.builder.blank_line()
    by_code = section_name_for_code(code)
    name = by_code if by_code != OTHER else section_name(title)[0]
    body.starts.append((len(body.builder), name, code if _is_loinc(code) else ""))
    if title:
        body.add(title.rstrip(":"), f"{path}/title")
        body.builder.glue(":\n")


def _blocks(body: Body, blocks: list[tuple[Element, str]], path: str) -> None:
    seen: Counter[str] = Counter()
    for element, block in blocks:
        name = name_of(element)
        seen[name] += 1
        if block:
            body.add(block, path if name == "text" else f"{path}/{name}[{seen[name]}]")
            body.builder.newline()


def _by_id(text: Element | None) -> dict[str, str]:
    """Return the narrative's elements that entries can reference, by ID."""
    return dict(_identified(text)) if text is not None else {}


def _identified(text: Element) -> Iterator[tuple[str, str]]:
    for element in text.iter():
        identifier = element.get("ID")
        if identifier:
            spoken = "; ".join(lines(element))
            # An empty <content ID="x"/> marks the text that follows it.
            yield identifier, spoken or " ".join((element.tail or "").split())


def _is_loinc(code: str) -> bool:
    number, dash, check = code.rpartition("-")
    return dash == "-" and number.isdigit() and check.isdigit() and len(code) <= 10
