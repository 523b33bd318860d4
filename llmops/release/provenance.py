"""The provenance of a release: an in-toto Statement with a SLSA predicate; links files to the rules behind them."""

import json
import re
from typing import Any, Final

from llmops.release.manifest import Content, ReleaseFacts

_STATEMENT: Final = "https://in-toto.io/Statement/v1"
_PREDICATE: Final = "https://slsa.dev/provenance/v1"
_BUILD_TYPE: Final = "urn:llmops:recipe:1"
_BUILDER: Final = "urn:llmops:runner"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def provenance(content: Content, facts: ReleaseFacts) -> bytes:
    """Write ``provenance.json`` of a release.

    It is not signed itself: the signed manifest binds its digest and every file named here.
    """
    parts = content.data + content.withheld
    statement = {
        "_type": _STATEMENT,
        "subject": [{"name": part.path, "digest": {"sha256": part.sha256}} for part in parts],
        "predicateType": _PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": _BUILD_TYPE,
                "externalParameters": {
                    "recipe": _described("recipe", facts.recipe_digest),
                    "policies": _policies(facts),
                },
                "internalParameters": {"release": content.release_id},
                "resolvedDependencies": [_described(name, version) for name, version in sorted(facts.models)],
            },
            "runDetails": {
                "builder": {"id": _BUILDER, "version": {"clinical-llmops": facts.code_version}},
                "metadata": {"invocationId": f"urn:llmops:release:{content.release_id}"},
                "byproducts": [
                    {"name": f"audit/{anchor.stream}@{anchor.size}", "digest": {"sha256": anchor.root}}
                    for anchor in facts.audit
                ],
            },
        },
    }
    return json.dumps(statement, indent=1, sort_keys=True).encode("ascii") + b"\n"


def _policies(facts: ReleaseFacts) -> list[dict[str, Any]]:
    return [
        _described("deid", facts.policy_id),
        _described("quality", facts.quality_policy_digest),
        _described("gate", facts.gate_policy_digest),
    ]


def _described(name: str, value: str) -> dict[str, Any]:
    """Return a resource descriptor: by digest if there is a complete one, else by the value itself."""
    if _SHA256.fullmatch(value):
        return {"name": name, "digest": {"sha256": value}}
    return {"name": name, "annotations": {"version": value}, "uri": f"urn:llmops:{name}:{value}"}
