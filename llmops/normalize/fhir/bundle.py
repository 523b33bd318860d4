"""Access the resources of one FHIR record, however wrapped, and their subjects."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from llmops.identities import SubjectIdentifier
from llmops.normalize.fhir.identifiers import LOGICAL_ID, identifiers, is_linking, read_identifier
from llmops.normalize.fhir.values import obj, objs, string
from llmops.normalize.json_object import Json
from llmops.phi import PhiLabel

_ABOUT: Final = ("subject", "patient", "encounter")
_ABSOLUTE: Final = ("http://", "https://")
_SUBJECTS: Final = ("subject", "patient", "individual", "for", "beneficiary", "securityContext")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One resource and its path.

    Args:
        path: the element in FHIR's terms, e.g. ``"entry[2].resource"``; no values.
        resource: the parsed resource. PHI.
        type: its resource type.
        full_url: the entry's full URL, or empty. PHI.
    """

    path: str
    resource: Json = field(repr=False)
    type: str
    full_url: str = field(default="", repr=False)


class Record:
    """All resources of one record and the references between them. PHI.

    Args:
        root: the parsed record: a resource or a Bundle.
    """

    def __init__(self, root: Json) -> None:
        self.entries: tuple[Entry, ...] = tuple(_flatten(root))
        self._by_reference: dict[str, Entry] = {}
        for entry in self.entries:
            for name in _names(entry):
                self._by_reference.setdefault(name, entry)
        self.patients: tuple[Entry, ...] = tuple(e for e in self.entries if e.type == "Patient")
        self._subjects = {id(e.resource): _patient_identifiers(e) for e in self.patients}
        self._by_path = {entry.path: entry for entry in self.entries}

    def resolve(self, reference: str, holder: Json | None = None) -> Entry | None:
        """Resolve a literal reference, also to resources contained in its holder."""
        if reference.startswith("#") and holder is not None:
            if (found := self._by_reference.get(f"{_key(holder)}{reference}")) is not None:
                return found
            for n, contained in enumerate(objs(holder.get("contained"))):
                if string(contained.get("id")) == reference[1:]:
                    return _contained(holder, "", n, contained)
            return None
        base = reference.partition("/_history/")[0]
        found = self._by_reference.get(base) or self._by_reference.get("/".join(base.rsplit("/", 2)[-2:]))
        return None if found is not None and _is_elsewhere(base, found) else found

    def subject(self, resource: Json) -> tuple[SubjectIdentifier, ...]:
        """Return a resource's subject: the referenced patient, or the record's only patient if none is named."""
        if id(resource) in self._subjects:
            return self._subjects[id(resource)]
        named = [
            reference for name in _SUBJECTS for reference in objs(resource.get(name)) if _names_somebody(reference)
        ]
        for reference in named:
            if identifiers := self._referred(reference, resource):
                return identifiers
        if len(self.patients) == 1 and not named:
            return self._subjects[id(self.patients[0].resource)]
        return ()

    def source_key(self, path: str) -> tuple[str, ...]:
        """Return the key of the nearest keyed resource at or above a path: server, if known, type and logical id.

        A resource without an id has the full URL of its entry; without either it has no key.

        Args:
            path: path of an element, as in a document's provenance.
        """
        path = path.partition(":")[0]
        while path and path not in self._by_path:
            path = path.rpartition(".")[0]
        entry = self._by_path.get(path)
        if entry is None:
            return ()
        name = next(_names(entry), "")
        server = entry.full_url.removesuffix(f"/{name}") if entry.full_url.startswith(_ABSOLUTE) else ""
        # A contained resource is named after its holder; by the holder's path if that has no id.
        return ("fhir", server, name) if name and ("#" not in name or "/" in name.partition("#")[0]) else ()

    def _referred(self, reference: Json, holder: Json) -> tuple[SubjectIdentifier, ...]:
        literal = string(reference.get("reference"))
        if literal and (found := self.resolve(literal, holder)) is not None:
            if found.type != "Patient":
                return ()
            return self._subjects.get(id(found.resource)) or _patient_identifiers(found)
        if len(self.patients) and literal.startswith(("http://", "https://")):
            local = self._by_reference.get("/".join(literal.partition("/_history/")[0].rsplit("/", 2)[-2:]))
            if local is not None:
                return (SubjectIdentifier(value=literal, assigner=LOGICAL_ID, label=PhiLabel.OTHERID),)
        return _outside(reference, literal)


def _names_somebody(reference: Json) -> bool:
    return any(reference.get(name) for name in ("reference", "identifier", "display"))


def _is_elsewhere(reference: str, found: Entry) -> bool:
    """Say whether an absolute reference names another server than that of the resource found by type and id."""
    absolute = ("http://", "https://")
    return reference.startswith(absolute) and found.full_url.startswith(absolute) and reference != found.full_url


def _outside(reference: Json, literal: str) -> tuple[SubjectIdentifier, ...]:
    """Return the identifiers of a patient outside the record, from the reference's logical id and identifier."""
    logical = _from_literal(literal)
    identifier = obj(reference.get("identifier"))
    if not string(identifier.get("value")) or string(reference.get("type")) not in {"", "Patient"}:
        return () if logical is None else (logical,)
    if logical is None and "/" in literal:
        return ()  # not a patient, but a group for example
    written = read_identifier(identifier)
    return (written,) if logical is None else tuple(dict.fromkeys((logical, written)))


def _patient_identifiers(entry: Entry) -> tuple[SubjectIdentifier, ...]:
    if "#" in entry.full_url:
        # A holder without an id of its own makes no id that is unique beyond the record.
        logical = entry.full_url if "/" in entry.full_url.partition("#")[0] else ""
    else:
        logical = string(entry.resource.get("id")) or entry.full_url.rpartition(":")[2]
    own = (SubjectIdentifier(value=logical, assigner=LOGICAL_ID, label=PhiLabel.OTHERID),) if logical else ()
    return tuple(dict.fromkeys((*own, *(i for i in identifiers(entry.resource) if is_linking(i)))))


def _from_literal(literal: str) -> SubjectIdentifier | None:
    """Read a reference to a patient outside the record: by id, URN or search (``Patient?identifier=s|v``)."""
    if literal.startswith("urn:"):
        return SubjectIdentifier(value=literal.rpartition(":")[2], assigner=LOGICAL_ID, label=PhiLabel.OTHERID)
    before, question, query = literal.partition("?")
    if question and before.endswith("Patient"):
        system, _, value = query.partition("identifier=")[2].partition("&")[0].rpartition("|")
        return SubjectIdentifier(value=value, assigner=system) if value else None
    parts = literal.partition("/_history/")[0].split("/")
    if len(parts) > 1 and parts[-2] == "Patient" and parts[-1]:
        return SubjectIdentifier(value=parts[-1], assigner=LOGICAL_ID, label=PhiLabel.OTHERID)
    return None


def _contained(holder: Json, path: str, n: int, resource: Json) -> Entry:
    """Return a contained resource as an entry; its id is unique only within its holder, so the holder's precedes it."""
    key = _key(holder) or path
    about: Json = {name: holder[name] for name in _ABOUT if name in holder}
    about.update(resource)
    for name in _ABOUT:
        if (local := string(obj(about.get(name)).get("reference"))).startswith("#"):
            about[name] = {"reference": f"{key}{local}"}
    return Entry(
        path=f"{path}.contained[{n}]".lstrip("."),
        resource=about,
        type=string(resource.get("resourceType")),
        full_url=f"{key}#{string(resource.get('id'))}",
    )


def _key(resource: Json) -> str:
    logical = string(resource.get("id"))
    return f"{string(resource.get('resourceType'))}/{logical}" if logical else ""


def _names(entry: Entry) -> Iterator[str]:
    if "#" in entry.full_url:
        yield entry.full_url
        return
    if logical := string(entry.resource.get("id")):
        yield f"{entry.type}/{logical}"
    if entry.full_url:
        yield entry.full_url


def _flatten(root: Json) -> Iterator[Entry]:
    """Unwrap Bundles and Parameters, including nested ones, without recursion, in document order."""
    waiting: list[tuple[str, Json, str]] = [("", root, "")]
    while waiting:
        prefix, resource, full_url = waiting.pop()
        kind = string(resource.get("resourceType"))
        inner = {"Bundle": "entry", "Parameters": "parameter"}.get(kind)
        if inner is None:
            yield Entry(path=prefix or "resource", resource=resource, type=kind, full_url=full_url)
            for n, contained in enumerate(objs(resource.get("contained"))):
                yield _contained(resource, prefix or "resource", n, contained)
            continue
        dot = f"{prefix}." if prefix else ""
        waiting += [
            (f"{dot}{inner}[{n}].resource", obj(item.get("resource")), string(item.get("fullUrl")))
            for n, item in reversed(list(enumerate(objs(resource.get(inner)))))
            if obj(item.get("resource"))
        ]
