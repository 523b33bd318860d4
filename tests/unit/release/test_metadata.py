"""What tools read beside the data: Croissant metadata and an in-toto provenance statement, bound by the manifest."""

import json

import pyarrow as pa
import pytest

from llmops.errors import ReleaseError
from llmops.release import open_release
from llmops.release.schema import DOCUMENTS


@pytest.fixture
def croissant(release_path):
    """The metadata of a release of five documents in three parts."""
    return json.loads((release_path / "croissant.json").read_bytes())


@pytest.fixture
def statement(release_path):
    """Its provenance."""
    return json.loads((release_path / "provenance.json").read_bytes())


def _all(node):
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _all(child)


def test_croissant_has_what_the_format_requires(croissant, release_path):
    """Context, type, conformance and the properties that a dataset must have."""
    assert croissant["@type"] == "sc:Dataset"
    assert croissant["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert {"@context", "name", "description", "license", "url", "creator", "datePublished", "version"} <= set(
        croissant
    )
    assert croissant["@context"]["cr"] == "http://mlcommons.org/croissant/"
    assert release_path.name in croissant["name"]


def test_croissant_names_every_data_file_with_its_digest(croissant, release_path):
    """As the manifest does; nothing of withheld/ or receipts/."""
    parts = open_release(release_path).manifest.content.data
    objects = [item for item in croissant["distribution"] if item["@type"] == "cr:FileObject"]
    assert [(item["contentUrl"], item["sha256"]) for item in objects] == [(part.path, part.sha256) for part in parts]
    (files,) = [item for item in croissant["distribution"] if item["@type"] == "cr:FileSet"]
    assert sorted(path.name for path in release_path.glob(files["includes"])) == [part.path[5:] for part in parts]


def test_croissant_describes_every_column_and_refers_to_what_it_defines(croissant):
    """One field a column, structs by sub-field; ids are unique and every reference has its target."""
    (records,) = croissant["recordSet"]
    assert [field["name"] for field in records["field"]] == [f"documents/{name}" for name in DOCUMENTS.names]
    nodes = [node for node in _all(croissant) if isinstance(node, dict)]
    defined = [node["@id"] for node in nodes if "@type" in node and "@id" in node]
    assert len(defined) == len(set(defined))
    referred = {node["@id"] for node in nodes if set(node) == {"@id"}}
    assert referred <= set(defined)
    leaves = [node for node in nodes if node.get("@type") == "cr:Field" and "subField" not in node]
    assert {node["dataType"] for node in leaves} == {"sc:Text", "sc:Integer", "sc:Float"}
    lists = {f"documents/{column.name}" for column in DOCUMENTS if pa.types.is_list(column.type)}
    assert {field["name"] for field in records["field"] if field.get("repeated")} == lists


def test_provenance_is_an_in_toto_statement_about_the_files(statement, release_path):
    """Subjects by digest, the recipe, policies and models as parameters and dependencies, the builder's version."""
    manifest = open_release(release_path).manifest
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    parts = manifest.content.data + manifest.content.withheld
    assert [(item["name"], item["digest"]["sha256"]) for item in statement["subject"]] == [
        (part.path, part.sha256) for part in parts
    ]
    build, run = statement["predicate"]["buildDefinition"], statement["predicate"]["runDetails"]
    assert [item["name"] for item in build["resolvedDependencies"]] == ["en_core_web_sm"]
    assert [item["name"] for item in build["externalParameters"]["policies"]] == ["deid", "quality", "gate"]
    descriptors = [
        *build["resolvedDependencies"],
        *build["externalParameters"]["policies"],
        build["externalParameters"]["recipe"],
    ]
    assert all({"uri", "digest"} & set(item) for item in descriptors)
    assert run["builder"]["version"] == {"clinical-llmops": "0.1.0"}
    assert run["byproducts"] == [{"name": "audit/w0@6", "digest": {"sha256": "00" * 32}}]


@pytest.mark.parametrize("name", ["croissant.json", "provenance.json"])
def test_both_are_bound_by_the_manifest(release_path, name):
    """An edited digest in either is found."""
    path = release_path / name
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"sha256", b"sha255", 1))
    with pytest.raises(ReleaseError, match=name):
        open_release(release_path)


def test_neither_changes_the_id_of_a_release(publish):
    """The date is in the metadata; the id is that of the content."""
    first, second = publish(output="one"), publish(output="two", created="2026-02-02")
    assert first.name == second.name
    assert (first / "croissant.json").read_bytes() != (second / "croissant.json").read_bytes()
    assert (first / "provenance.json").read_bytes() == (second / "provenance.json").read_bytes()
