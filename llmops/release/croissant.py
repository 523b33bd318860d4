"""Croissant metadata (mlcommons.org/croissant/1.0): files and columns of a release, for tools."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa

from llmops.release.manifest import Content, ReleaseFacts
from llmops.release.schema import DOCUMENTS

_CONFORMS_TO: Final = "http://mlcommons.org/croissant/1.0"
_PARQUET: Final = "application/x-parquet"
_FILES: Final = "documents-parquet"
_RECORDS: Final = "documents"

# The context of the specification, which readers expect in the file itself.
_CONTEXT: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "citeAs": "cr:citeAs",
        "column": "cr:column",
        "conformsTo": "dct:conformsTo",
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "dct": "http://purl.org/dc/terms/",
        "equivalentProperty": "cr:equivalentProperty",
        "examples": {"@id": "cr:examples", "@type": "@json"},
        "extract": "cr:extract",
        "field": "cr:field",
        "fileProperty": "cr:fileProperty",
        "fileObject": "cr:fileObject",
        "fileSet": "cr:fileSet",
        "format": "cr:format",
        "includes": "cr:includes",
        "isLiveDataset": "cr:isLiveDataset",
        "jsonPath": "cr:jsonPath",
        "key": "cr:key",
        "md5": "cr:md5",
        "parentField": "cr:parentField",
        "path": "cr:path",
        "recordSet": "cr:recordSet",
        "references": "cr:references",
        "regex": "cr:regex",
        "repeated": "cr:repeated",
        "replace": "cr:replace",
        "samplingRate": "cr:samplingRate",
        "sc": "https://schema.org/",
        "separator": "cr:separator",
        "source": "cr:source",
        "subField": "cr:subField",
        "transform": "cr:transform",
    }
)
_DESCRIPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "document_id": "id of the document, a keyed hash",
        "record_id": "id of the source record, a keyed hash",
        "subject": "pseudonym of the patient",
        "kind": "note, report, summary or genomic",
        "doc_type": "LOINC code of the document type",
        "title": "title",
        "text": "de-identified text",
        "sections": "stretches of the text with section names",
        "fields": "structured values",
        "time": "time of the document, as precise as the policy allows",
        "findings": "what was found and treated: offsets and labels, never the surface",
        "policy_id": "de-identification policy",
        "residual_risk": "estimate in [0, 1] that an identifier is left",
        "quality": "quality score, its dimensions and evidence",
        "provenance": "source format, place in it, and what was mended",
        "text_sha256": "SHA-256 of the text",
    }
)


def croissant(content: Content, facts: ReleaseFacts) -> bytes:
    """Write ``croissant.json`` of a release: its data files with digests, and one field per column."""
    release_id = content.release_id
    described = {
        "@context": dict(_CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": _CONFORMS_TO,
        "name": f"release-{release_id}",
        "alternateName": facts.title,
        "description": (
            f"De-identified clinical documents that passed the policy {facts.policy_id} under the rule {facts.rule} "
            f"({facts.section}), a quality score and a release gate. "
            "That does not prove that no identifier is left (45 CFR 164.514(b)). Do not re-identify anyone."
        ),
        "url": f"urn:llmops:release:{release_id}",
        "version": "1.0.0",
        "license": "No licence is given by this file: the terms of whoever provides the release apply.",
        "creator": {"@type": "sc:Organization", "name": f"holder of release key {facts.key.fingerprint}"},
        "datePublished": facts.created[:10],
        "isLiveDataset": False,
        "citeAs": f"llmops release {release_id} of {facts.created[:10]}",
        "distribution": [*_file_objects(content), _file_set()],
        "recordSet": [_record_set()],
    }
    return json.dumps(described, indent=1, sort_keys=True).encode("ascii") + b"\n"


def _file_objects(content: Content) -> list[dict[str, Any]]:
    return [
        {
            "@type": "cr:FileObject",
            "@id": part.path,
            "name": part.path,
            "contentUrl": part.path,
            "contentSize": f"{part.bytes} B",
            "encodingFormat": _PARQUET,
            "sha256": part.sha256,
        }
        for part in content.data
    ]


def _file_set() -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": _FILES,
        "name": _FILES,
        "description": "one row a document",
        "encodingFormat": _PARQUET,
        "includes": "data/*.parquet",
    }


def _record_set() -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": _RECORDS,
        "name": _RECORDS,
        "key": {"@id": f"{_RECORDS}/document_id"},
        "field": [_field(f"{_RECORDS}/{column.name}", column, column.name, ()) for column in DOCUMENTS],
    }


def _field(name: str, column: pa.Field, source: str, path: tuple[str, ...]) -> dict[str, Any]:
    kind, repeated = column.type, False
    if pa.types.is_list(kind):
        kind, repeated = kind.value_type, True
    described: dict[str, Any] = {"@type": "cr:Field", "@id": name, "name": name, "source": _source(source, path)}
    if not path:
        described["description"] = _DESCRIPTIONS[column.name]
    if repeated:
        described["repeated"] = True
    if pa.types.is_struct(kind):
        described["subField"] = [_field(f"{name}/{inner.name}", inner, source, (*path, inner.name)) for inner in kind]
    else:
        described["dataType"] = _data_type(kind)
    return described


def _source(column: str, path: tuple[str, ...]) -> dict[str, Any]:
    """Return the source of a value: one transform per step, since readers apply each to every item of a list."""
    source: dict[str, Any] = {"fileSet": {"@id": _FILES}, "extract": {"column": column}}
    steps = [{"jsonPath": f"$.{name}"} for name in path]
    return source | ({"transform": steps if len(steps) > 1 else steps[0]} if steps else {})


def _data_type(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind):
        return "sc:Integer"
    return "sc:Float" if pa.types.is_floating(kind) else "sc:Text"
