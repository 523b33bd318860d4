"""The summary of a run is written, described and read as one thing."""

import json

import jsonschema
import pytest
from pydantic import TypeAdapter

from llmops.errors import RecipeError
from llmops.run_summary import SCHEMA, RunSummary, read_summary, summary_schema
from tests.summaries import summary

WHOLE = summary(
    audit={"refused": ["reader-1"]},
    evaluation={
        "cases": 1,
        "results": [
            {"id": "a", "question": "q", "outcome": "ok", "passed": False, "failed": ["cites"], "citations": ["r1#1"]}
        ],
    },
    release={"id": "ab", "documents": 1, "key": "cd"},
    shards={"failed": [{"shard": "s1", "failure": "worker_died", "detail": ""}]},
    stages=[{"name": "deid", "records": 3, "cpu_s": 1.5, "wall_s": 2.0, "bytes": 4096, "peak_bytes": 10}],
    verdicts=[
        {"name": "released", "limit": 1, "observed": 0, "passed": False},
        {"name": "withheld_ratio", "limit": 0.5, "observed": 0.1, "passed": True},
    ],
    kinds={"note": 2, "genomic": 1},
)


def written(tmp_path, data):
    path = tmp_path / "summary.json"
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return path


def test_what_is_written_is_read_again(tmp_path):
    """To the last bit: counts stay whole numbers, mappings keep their order."""
    read = read_summary(written(tmp_path, WHOLE.to_json()))
    assert read == WHOLE
    assert read.to_json() == WHOLE.to_json()
    assert b'"limit": 1,' in read.to_json()


def test_it_is_as_its_schema_says():
    """Version first, and every field that the schema asks for."""
    data = json.loads(WHOLE.to_json())
    assert next(iter(data)) == "schema"
    assert data["schema"] == SCHEMA
    jsonschema.Draft202012Validator(summary_schema()).validate(data)
    assert set(summary_schema()["required"]) == data.keys()


def test_every_field_says_what_it_is():
    """In the published schema, too."""
    schema = summary_schema()
    models = [schema, *schema["$defs"].values()]
    assert [
        name for model in models for name, field in model["properties"].items() if not field.get("description")
    ] == []
    assert all(model["description"] for model in models)


@pytest.mark.parametrize(
    ("version", "said"), [(2, "schema 2"), (None, "no schema"), ("1", "no schema"), (True, "no schema")]
)
def test_another_version_is_refused(tmp_path, version, said):
    """Also one written before there were versions; what it states is not repeated unless it is a number."""
    data = json.loads(WHOLE.to_json()) | {"schema": version}
    with pytest.raises(RecipeError, match=said):
        read_summary(written(tmp_path, data))


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"schema": 1}', b'"canary"', b'{"schema": 1, "canary": 2}'])
def test_what_is_no_summary_is_refused_without_its_content(tmp_path, data):
    """Whoever may write the output may write anything."""
    with pytest.raises(RecipeError) as caught:
        read_summary(written(tmp_path, data))
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("change", [{"extra": 1}, {"rule": 5}, {"kinds": {"note": -1}}, {"counts": {"read": "5"}}])
def test_a_field_that_is_other_than_described_is_refused(tmp_path, change):
    """No unknown field, no number as a string, no negative count."""
    with pytest.raises(RecipeError, match="llmops schema summary"):
        read_summary(written(tmp_path, json.loads(WHOLE.to_json()) | change))


def test_a_missing_file_and_a_link_are_refused(tmp_path):
    """As every file of an output is opened."""
    with pytest.raises(RecipeError, match="cannot be read"):
        read_summary(tmp_path / "summary.json")
    (tmp_path / "link.json").symlink_to(written(tmp_path, WHOLE.to_json()))
    with pytest.raises(RecipeError, match="cannot be read"):
        read_summary(tmp_path / "link.json")


def test_a_summary_is_frozen():
    """Data flows one way."""
    with pytest.raises(AttributeError):
        WHOLE.rule = "other"
    assert TypeAdapter(RunSummary).validate_python(WHOLE.to_dict()) == WHOLE
