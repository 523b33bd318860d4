"""Read the generated narrative of a resource (``text.div``), only if it has no better content."""

from llmops.normalize.fhir.bundle import Entry
from llmops.normalize.fhir.specs import SPECS
from llmops.normalize.fhir.statements import Statement
from llmops.normalize.fhir.values import obj, reference, string, when
from llmops.normalize.text.html_text import html_to_text


def narrative_statement(entry: Entry) -> Statement | None:
    """Return a resource's narrative as a statement; None if it has none.

    Args:
        entry: a resource without codes, values or attachments. PHI.
    """
    text = html_to_text(string(obj(entry.resource.get("text")).get("div")))
    if not text:
        return None
    spec = SPECS.get(entry.type)
    first, _, rest = text.partition("\n")
    return Statement(
        path=f"{entry.path}.text.div",
        type=entry.type,
        section=spec.section if spec is not None else "Documents",
        line=first,
        remarks=(rest.strip(),) if rest.strip() else (),
        time=when(entry.resource, *spec.when) if spec is not None else "",
        encounter=reference(entry.resource.get("encounter")),
    )
