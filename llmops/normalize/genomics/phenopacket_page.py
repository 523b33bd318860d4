"""Write the text and typed fields of one phenopacket."""

from collections.abc import Iterator
from typing import Any, Final

from llmops.documents import AlignSegment, Field, FieldPhi, Section
from llmops.normalize.fhir.values import obj, objs, string
from llmops.normalize.genomics.phenopacket_values import age_years, curie, measured, member, term, time_text
from llmops.normalize.json_object import Json
from llmops.normalize.text.builder import TextBuilder
from llmops.normalize.text.cleaning import clean
from llmops.normalize.text.section_names import section_name
from llmops.phi import OLDEST_AGE, PhiLabel

_SEXES: Final = frozenset({"FEMALE", "MALE", "OTHER_SEX", "UNKNOWN_SEX"})
_STATUS: Final = frozenset({"ALIVE", "DECEASED"})
_PROGRESS: Final = frozenset({"SOLVED", "UNSOLVED", "IN_PROGRESS", "COMPLETED"})
_VERDICTS: Final = frozenset({"CAUSATIVE", "CONTRIBUTORY", "CANDIDATE", "REJECTED", "UNCERTAIN_SIGNIFICANCE"})


class PhenopacketPage:
    """Writer for one phenopacket; variants and zygosity never enter the text, since they identify a person.

    Args:
        path: the phenopacket in the record.
        payload_size: bytes of the record, for the alignment.
    """

    def __init__(self, path: str, payload_size: int) -> None:
        self._builder = TextBuilder()
        self._path = path
        self._size = payload_size
        self._starts: list[tuple[int, str, str]] = []
        self._lines = 0

    @property
    def changes(self) -> tuple[tuple[str, int], ...]:
        """Counts of cleaning changes."""
        return self._builder.changes

    def build(self) -> tuple[str, tuple[Section, ...], tuple[AlignSegment, ...]]:
        """Return text, sections and alignment; empty if nothing was written."""
        if self._lines == 0:
            return "", (), ()
        text, align = self._builder.build()
        starts = [start for start in self._starts if start[0] < len(text)]
        ends = [start for start, _, _ in starts[1:]] + [len(text)]
        sections = tuple(
            Section(start=start, end=end, name=name, code=code)
            for (start, name, code), end in zip(starts, ends, strict=True)
        )
        return text, sections, align

    def write(self, packet: Json) -> Iterator[Field]:
        """Write a phenopacket and yield its typed fields.

        Args:
            packet: the parsed phenopacket. PHI.
        """
        self._heading("Phenotype summary", "summary")
        yield from self._individual(obj(packet.get("subject")))
        yield from self._interpretations(packet)
        yield from self._listed(packet, "diseases", "Diagnoses", "term", "onset")
        yield from self._features(packet)
        yield from self._measurements(packet)
        yield from self._treatments(packet)
        yield from self._listed(packet, "biosamples", "Specimens", "sampledTissue", "timeOfCollection")

    def _individual(self, individual: Json) -> Iterator[Field]:
        if (sex := string(individual.get("sex"))) in _SEXES:
            self._line(f"Sex: {sex.removesuffix('_SEX').lower()}", "subject.sex")
            yield Field(name="subject.sex", value=sex)
        last = member(individual, "timeAtLastEncounter")
        if text := time_text(last):
            self._line(f"Age at last encounter: {text}", "subject.timeAtLastEncounter")
        yield from _age("subject.age", last)
        if born := string(member(individual, "dateOfBirth")):
            yield Field(name="subject.dateOfBirth", value=born, phi=PhiLabel.DATE)
        vital = obj(member(individual, "vitalStatus"))
        if (status := string(vital.get("status"))) in _STATUS:
            cause = term(member(vital, "causeOfDeath"))
            self._line(f"Vital status: {status.lower()}{f', {cause}' if cause else ''}", "subject.vitalStatus")
            yield Field(name="subject.vitalStatus", value=status)

    def _features(self, packet: Json) -> Iterator[Field]:
        features = objs(member(packet, "phenotypicFeatures"))
        for heading, excluded in (("Phenotypic features", False), ("Features looked for and absent", True)):
            chosen = [(n, f) for n, f in enumerate(features) if (f.get("excluded") is True) is excluded]
            self._heading(heading, "findings") if chosen else None
            for n, feature in chosen:
                path = f"phenotypicFeatures[{n}]"
                words = [term(feature.get("type"))]
                words += [term(m) for m in objs(feature.get("modifiers"))] + [term(feature.get("severity"))]
                onset = time_text(feature.get("onset"))
                self._line(", ".join([*(w for w in words if w), *([f"onset {onset}"] if onset else [])]), path, "- ")
                name = "phenotypicFeature.excluded" if excluded else "phenotypicFeature"
                yield _term_field(name, feature.get("type"))
                yield from self._remark("phenotypicFeature", feature, path)

    def _listed(self, packet: Json, name: str, heading: str, what: str, when: str) -> Iterator[Field]:
        items = objs(member(packet, name))
        if items:
            self._heading(heading, heading)
        for n, item in enumerate(items):
            excluded = item.get("excluded") is True
            onset = time_text(member(item, when))
            words = [term(member(item, what)), "excluded" if excluded else "", f"at {onset}" if onset else ""]
            words += [term(member(item, extra)) for extra in ("histologicalDiagnosis", "primarySite")]
            self._line(", ".join(word for word in words if word), f"{name}[{n}]", "- ")
            singular = name.removesuffix("s")
            yield _term_field(f"{singular}.excluded" if excluded else singular, member(item, what))
            yield from self._remark(singular, item, f"{name}[{n}]")

    def _measurements(self, packet: Json) -> Iterator[Field]:
        items = objs(packet.get("measurements"))
        if items:
            self._heading("Measurements", "results")
        for n, item in enumerate(items):
            value = item.get("value") if "value" in item else member(item, "complexValue")
            self._line(f"{term(item.get('assay'))}: {measured(value)}", f"measurements[{n}]", "- ")
            amount = obj(obj(value).get("quantity")).get("value")
            typed = amount if type(amount) in (int, float) else measured(value)
            unit = term(obj(obj(value).get("quantity")).get("unit"))[:24]
            yield Field(
                name="measurement.value",
                value=typed,
                phi=FieldPhi.FREE_TEXT if type(typed) is str else FieldPhi.NONE,
                unit=unit,
                code=curie(item.get("assay")),
            )

    def _treatments(self, packet: Json) -> Iterator[Field]:
        actions = objs(member(packet, "medicalActions"))
        if actions:
            self._heading("Treatments", "medications")
        for n, action in enumerate(actions):
            treatment, procedure = obj(action.get("treatment")), obj(action.get("procedure"))
            concept = treatment.get("agent") or procedure.get("code") or {}
            self._line(term(concept), f"medicalActions[{n}]", "- ")
            yield _term_field("medicalAction", concept)

    def _interpretations(self, packet: Json) -> Iterator[Field]:
        items = objs(packet.get("interpretations"))
        if items:
            self._heading("Interpretation", "genetics")
        for n, item in enumerate(items):
            diagnosis = obj(item.get("diagnosis"))
            status = string(member(item, "progressStatus"))
            words = [term(diagnosis.get("disease")), status.lower() if status in _PROGRESS else ""]
            self._line(", ".join(word for word in words if word), f"interpretations[{n}]", "- ")
            if diagnosis.get("disease"):
                yield _term_field("interpretation.disease", diagnosis.get("disease"))
            for genomic in objs(member(diagnosis, "genomicInterpretations")):
                yield from _genomic(genomic)

    def _remark(self, name: str, item: Json, path: str) -> Iterator[Field]:
        if text := string(item.get("description")):
            self._line(text, f"{path}.description", "  ")
            yield Field(name=f"{name}.description", value=clean(text).text, phi=FieldPhi.FREE_TEXT)

    def _heading(self, heading: str, name: str) -> None:
        self._builder.blank_line()
        self._starts.append((len(self._builder), *section_name(name)))
        self._builder.glue(f"{heading}\n")

    def _line(self, text: str, path: str, mark: str = "") -> None:
        if text.strip(" ,:"):
            self._builder.glue(mark)
            self._builder.add(text, path=f"{self._path}.{path}", source_end=self._size)
            self._builder.newline()
            self._lines += 1


def _term_field(name: str, concept: Any) -> Field:
    """Return an ontology term: no PHI with an id of a known ontology, else free text."""
    code = curie(concept)
    return Field(
        name=name, value=clean(term(concept)).text, phi=FieldPhi.NONE if code else FieldPhi.FREE_TEXT, code=code
    )


def _age(name: str, element: Any) -> Iterator[Field]:
    age = age_years(element)
    if age is not None:
        yield Field(name=name, value=age, unit="a", phi=PhiLabel.AGE90 if age > OLDEST_AGE else FieldPhi.NONE)
    if time := string(obj(element).get("timestamp")):
        yield Field(name=f"{name}.timestamp", value=time, phi=PhiLabel.DATE)


def _genomic(genomic: Json) -> Iterator[Field]:
    """Yield genes, variants and zygosity under names that minimum-necessary rules drop by default (``*.variant*``)."""
    verdict = string(member(genomic, "interpretationStatus"))
    if verdict in _VERDICTS:
        yield Field(name="genomicInterpretation.status", value=verdict)
    variant = obj(member(obj(member(genomic, "variantInterpretation")), "variationDescriptor"))
    gene = obj(member(variant, "geneContext")) or obj(genomic.get("gene"))
    if symbol := string(gene.get("symbol")):
        yield Field(name="genomicInterpretation.variant.gene", value=symbol[:24])
    for expression in objs(variant.get("expressions")):
        if string(expression.get("syntax")).startswith("hgvs") and (hgvs := string(expression.get("value"))):
            yield Field(name="genomicInterpretation.variant.hgvs", value=hgvs, phi=PhiLabel.BIOMETRIC)
    if zygosity := member(variant, "allelicState"):
        yield Field(name="genomicInterpretation.variant.zygosity", value=term(zygosity), code=curie(zygosity))
