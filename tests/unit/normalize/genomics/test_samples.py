"""Samples link records where their names are theirs alone."""

import pytest

from llmops.normalize.genomics.samples import is_personal, sample_identifier


@pytest.mark.parametrize("name", ["NLG-22190-T1", "NA12878", "HG00096", "TCGA-02-0001-01", "tumor_KX4471", "H7K2P9"])
def test_a_sample_of_a_registry_is_the_same_everywhere(name: str) -> None:
    """Two files and a FHIR identifier of the system ``vcf`` mean one sample."""
    assert sample_identifier(name, "r1") == sample_identifier(name, "r2")
    assert sample_identifier(name, "r1").assigner == "vcf"


@pytest.mark.parametrize(
    "name",
    ["S1", "sample1", "SAMPLE_0001234", "TUMOR", "tumor-normal", "40221904", "Proband", "Ada_Okafor", "T0012345"],
)
def test_a_name_that_any_laboratory_uses_links_nothing(name: str) -> None:
    """``S1`` of two hospitals is two people; inside its record it is one."""
    assert sample_identifier(name, "r1") != sample_identifier(name, "r2")
    assert sample_identifier(name, "r1") == sample_identifier(name, "r1")


@pytest.mark.parametrize(("name", "personal"), [("Ada_Okafor", True), ("Tumor_Normal", False), ("NA12878", False)])
def test_samples_named_after_people_are_told_apart(name: str, personal: bool) -> None:
    """Two or three words written as names are."""
    assert is_personal(name) is personal
