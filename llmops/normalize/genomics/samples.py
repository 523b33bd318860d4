"""Classify sample identifiers: globally distinct ones, and names used by every laboratory."""

import re
from typing import Final

from llmops.identities import SubjectIdentifier
from llmops.phi import PhiLabel

ASSIGNER: Final = "vcf"
"""Assigner of sample ids in VCF files; a FHIR identifier of this system means such a sample."""

_SHORTEST: Final = 6
_WORD: Final = re.compile(r"[^\W\d_]+")
_USUAL: Final = frozenset(
    {"sample", "samples", "specimen", "tumor", "tumour", "normal", "control", "case", "proband", "index", "mother"}
    | {
        "father",
        "child",
        "sibling",
        "brother",
        "sister",
        "parent",
        "patient",
        "subject",
        "individual",
        "donor",
        "person",
    }
    | {"blood", "saliva", "tissue", "buccal", "germline", "somatic", "cancer", "primary", "metastasis", "relapse"}
    | {"dna", "rna", "wgs", "wes", "exome", "genome", "test", "unknown", "unnamed", "default", "null", "none"}
    | {"s", "t", "n", "p", "id", "no", "number"}
)


def sample_identifier(name: str, record_id: str) -> SubjectIdentifier:
    """Return a sample's identifier: global, or scoped to its record if the name is generic.

    Args:
        name: the sample's name. PHI.
        record_id: the record that names it; keyed, so that it may stand in an assigner.
    """
    assigner = ASSIGNER if is_distinct(name) else f"{ASSIGNER}:{record_id}"
    return SubjectIdentifier(value=name, assigner=assigner, label=PhiLabel.OTHERID)


def is_distinct(name: str) -> bool:
    """Say whether a sample name is globally distinct, so that records may be linked by it.

    ``NLG-22190-T1`` is. ``S1``, ``TUMOR``, ``sample_02`` and bare numbers occur in many patients' files, and
    ``Jane_Doe`` is a name, by which nothing is ever linked.

    Args:
        name: the sample's name. PHI.
    """
    if sum(char.isalnum() for char in name) < _SHORTEST or is_personal(name):
        return False
    return any(word not in _USUAL for word in _WORD.findall(name.casefold()))


def is_personal(name: str) -> bool:
    """Say whether a sample is named after a person (``Jane_Doe``), unlike ``TUMOR`` and ``NA12878``.

    Args:
        name: the sample's name. PHI.
    """
    words = name_words(name)
    written_as_name = len(words) in {2, 3} and all(word.isalpha() and word.istitle() for word in words)
    return written_as_name and not any(word.casefold() in _USUAL for word in words)


def name_words(name: str) -> list[str]:
    """Return the words of a sample's name. PHI."""
    return name.replace("_", " ").replace(".", " ").split()
