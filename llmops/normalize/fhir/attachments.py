"""Locate attachments in FHIR resources, and Binaries that are another resource's content."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from llmops.normalize.fhir.bundle import Entry, Record
from llmops.normalize.fhir.values import obj, objs, string
from llmops.normalize.json_object import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """One attachment of a resource.

    Args:
        path: its element.
        attachment: a FHIR Attachment. PHI.
    """

    path: str
    attachment: Json = field(repr=False)


def attachments(entry: Entry, record: Record) -> Iterator[Attached]:
    """Return the attachments of a resource; references to a Binary of the same record are resolved.

    Args:
        entry: a DocumentReference, DiagnosticReport, Binary, Media, Communication or Consent. PHI.
        record: record in which Binaries are looked up. PHI.
    """
    resource = entry.resource
    if entry.type == "Binary":
        yield Attached(path=entry.path, attachment=resource)
        return
    found = [(f"content[{n}].attachment", c.get("attachment")) for n, c in enumerate(objs(resource.get("content")))]
    found += [(f"presentedForm[{n}]", form) for n, form in enumerate(objs(resource.get("presentedForm")))]
    found += [
        (f"payload[{n}].contentAttachment", p["contentAttachment"])
        for n, p in enumerate(objs(resource.get("payload")))
        if "contentAttachment" in p
    ]
    for path, attachment in found:
        if type(attachment) is dict:
            yield Attached(path=f"{entry.path}.{path}", attachment=_with_binary(attachment, record, resource))


def held_binaries(record: Record) -> frozenset[int]:
    """Return the Binaries that are another resource's content, by identity of the parsed object.

    Args:
        record: the record. PHI.
    """
    found = set()
    for entry in record.entries:
        content = [obj(c.get("attachment")) for c in objs(entry.resource.get("content"))]
        for attachment in content + objs(entry.resource.get("presentedForm")):
            binary = record.resolve(string(attachment.get("url")), entry.resource)
            if binary is not None and binary.type == "Binary":
                found.add(id(binary.resource))
    return frozenset(found)


def _with_binary(attachment: Json, record: Record, holder: Json) -> Json:
    if "data" in attachment:
        return attachment
    binary = record.resolve(string(attachment.get("url")), holder)
    if binary is None or binary.type != "Binary" or not string(binary.resource.get("data")):
        return attachment
    content_type = string(binary.resource.get("contentType")) or string(attachment.get("contentType"))
    return {**attachment, "data": binary.resource["data"], "contentType": content_type}
