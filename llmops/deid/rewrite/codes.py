"""Keep only codes and units of public systems in their own formats, since codes are not searched for PHI.

A local system's name or OID reveals the institution (Epic gives each customer an OID), and where senders miscount
fields, people's names and numbers appear in place of a code.
"""

import re
from dataclasses import replace
from typing import Final

from llmops.deid.rewrite.check_digits import is_luhn, is_verhoeff
from llmops.deid.vocabulary import word_set
from llmops.deid.vocabulary.words import is_plain
from llmops.documents import Field

_LOINC: Final = re.compile(r"\d{1,7}-\d")
_SNOMED: Final = re.compile(r"\d{6,18}")
_SHAPES: Final = tuple(
    (prefix, re.compile(shape))
    for prefix, shape in (
        ("http://loinc.org", r"L[AP]\d{1,7}-\d"),
        ("http://www.nlm.nih.gov/research/umls/rxnorm", r"\d{1,8}"),
        ("http://www.nlm.nih.gov/research/umls/", r"[A-Z]?\d{1,7}"),
        ("http://hl7.org/fhir/sid/icd-10-cm", r"[A-Z]\d[0-9A-Z](?:\.?[0-9A-Z]{1,4})?"),
        ("http://hl7.org/fhir/sid/icd-10", r"[A-Z]\d{2}(?:\.?\d{1,2})?"),
        ("http://hl7.org/fhir/sid/icd-9-cm", r"[EV]?\d{2,3}(?:\.\d{1,2})?|\d{4,5}"),
        ("http://hl7.org/fhir/sid/cvx", r"\d{1,3}"),
        ("http://hl7.org/fhir/sid/ndc", r"\d{4,5}-\d{3,4}-\d{1,2}|\d{11}"),
        ("http://hl7.org/fhir/sid/", r"(?!)"),
        ("http://hl7.org/fhir/", r"[A-Za-z][A-Za-z-]{1,39}|\d{1,4}"),
        ("http://terminology.hl7.org/", r"[A-Za-z][A-Za-z-]{1,39}|\d{1,4}"),
        ("http://www.ama-assn.org/go/cpt", r"\d{4}[0-9FTU]"),
        ("http://fdasis.nlm.nih.gov", r"(?=[0-9A-Z]*[A-Z])(?=[0-9A-Z]*\d)[0-9A-Z]{10}"),
        ("http://www.genenames.org", r"HGNC:\d{1,6}"),
        ("http://human-phenotype-ontology.org", r"HP:\d{7}"),
        ("http://varnomen.hgvs.org", r"[A-Z]{2}_\d{4,9}\.\d{1,2}:[cgmnpr]\.[A-Za-z0-9_>*=()+-]{1,40}"),
        ("urn:oid:2.16.840.1.113883.5.", r"[A-Za-z]{1,20}|\d{1,5}"),
        ("urn:oid:2.16.840.1.113883.6.", r"[A-Z]?\d{1,7}(?:\.\d{1,2})?"),
        ("urn:oid:2.16.840.1.113883.3.26.1.", r"[CN]\d{1,10}"),
        ("urn:oid:2.16.840.1.114222.4.5.", r"[A-Z]{2,4}\d{1,4}"),
        ("urn:oid:1.2.840.10008.2.16.4", r"\d{5,6}"),
        ("CPT4", r"\d{4}[0-9FTU]"),
        ("MVX", r"[A-Z]{2,3}"),
        ("DCM", r"\d{5,6}"),
    )
)
"""By system name or, where the pattern allows more, its beginning; the first match decides."""
_REST: Final = re.compile(r"[A-Za-z0-9./-]{0,60}")
"""Allowed continuation of such a beginning."""
_HL7_TABLE: Final = re.compile(r"(?i:HL7)\d{1,5}")
_HL7_CODE: Final = re.compile(r"[A-Z]{1,4}|\d{1,3}")
_ONTOLOGIES: Final = frozenset({
    "CHEBI", "CL", "DOID", "DRUGCENTRAL", "DRUGBANK", "EFO", "EPSO", "GENO", "GSSO", "HGNC", "HP", "MAXO",
    "MONDO", "NCIT", "OBI", "OMIM", "OMIT", "ORPHA", "ORPHANET", "PATO", "RXNORM", "SO", "UBERON", "UO",
})  # fmt: skip
"""Prefixes of compact identifiers, as phenopackets write codes: ``HP|HP:0001250``."""
_ALSO_ONTOLOGIES: Final = {
    "LOINC": "http://loinc.org", "SNOMED": "http://snomed.info/sct", "UCUM": "http://unitsofmeasure.org",
}  # fmt: skip
"""Prefixes of systems with a rule of their own."""
_LOCAL_PART: Final = re.compile(r"[A-Z]?\d{1,7}")
_UNIT: Final = re.compile(r"[A-Za-z0-9%\[\]{}()/*.^+#'µμ°_ -]{1,24}")
_WORDS_OF_UNIT: Final = re.compile(r"[A-Za-z_µμ°]+")
_NUMBERS_OF_UNIT: Final = re.compile(r"\d+")
_ATOMS: Final = word_set("units")
_PREFIXES: Final = ("milli", "micro", "kilo", "da", "f", "p", "n", "u", "m", "c", "d", "h", "k", "µ", "μ")
_LONGEST_NUMBER: Final = 3
"""Digits: ``10``, ``24``, ``1.73``, ``100``."""


def with_public_codes_only(field: Field) -> Field:
    """Return a field without any code or unit that is not public."""
    code = field.code if is_public_code(field.code) else ""
    unit = field.unit if is_unit(field.unit) else ""
    return field if (code, unit) == (field.code, field.unit) else replace(field, code=code, unit=unit)


def is_loinc(code: str) -> bool:
    """Say whether a code has LOINC's format and check digit (modulus 10, LOINC Users' Guide)."""
    return _LOINC.fullmatch(code) is not None and is_luhn(code.replace("-", ""))


def is_public_code(code: str) -> bool:
    """Say whether ``system|code`` is of a public system, in its format and with a valid check digit if it has one.

    Args:
        code: as in `Field.code`. May be PHI.
    """
    system, _, value = code.partition("|")
    prefix = system.upper()
    if prefix in _ONTOLOGIES or prefix in _ALSO_ONTOLOGIES:
        value = value.rpartition(":")[2]
        system = _ALSO_ONTOLOGIES.get(prefix, prefix)
    if system == "http://loinc.org" and is_loinc(value):
        return True
    if _is_of(system, "http://snomed.info/"):
        return _SNOMED.fullmatch(value) is not None and is_verhoeff(value)
    if system == "http://unitsofmeasure.org":
        return is_unit(value)
    if _HL7_TABLE.fullmatch(system):
        return _HL7_CODE.fullmatch(value) is not None
    if system in _ONTOLOGIES:
        return _LOCAL_PART.fullmatch(value) is not None
    shape = next((shape for name, shape in _SHAPES if _is_of(system, name)), None)
    return shape is not None and shape.fullmatch(value) is not None


def is_unit(unit: str) -> bool:
    """Say whether a unit is UCUM or consists of dictionary words: ``beats/min``, ``{score}``, ``tab(s)``.

    Args:
        unit: as in `Field.unit`. May be PHI.
    """
    return (
        _UNIT.fullmatch(unit) is not None
        and all(len(number) <= _LONGEST_NUMBER for number in _NUMBERS_OF_UNIT.findall(unit))
        and all(_is_atom(word) or is_plain(word) for word in _WORDS_OF_UNIT.findall(unit))
    )


def _is_of(system: str, name: str) -> bool:
    if not name.endswith(("/", ".")):
        return system == name
    return system.startswith(name) and _REST.fullmatch(system, len(name)) is not None


def _is_atom(word: str) -> bool:
    low = word.strip("_").lower()
    return low in _ATOMS or any(low.startswith(prefix) and low[len(prefix) :] in _ATOMS for prefix in _PREFIXES)
