"""Summaries of runs that never were."""

from typing import Any

from pydantic import TypeAdapter

from llmops.run_summary import RunSummary

# A run that read nothing.
SMALLEST: dict[str, Any] = {
    "run": {
        "id": "run-1",
        "recipe": "trial",
        "description": "",
        "status": "finished",
        "why": "",
        "started": "",
        "wall_s": 0.5,
        "workers": 1,
        "starts": 1,
    },
    "counts": {"records": 0, "read": 0, "released": 0, "withheld": 0},
    "withheld": {"by_reason": {}, "by_stage": {}},
    "findings": {"total": 0, "by_identifier": {}},
    "kinds": {},
    "quality": {"mean": 0.0, "dimensions": {}, "histogram": [0] * 10, "rules": {}},
    "residual_risk": {"max": 0.0, "mean": 0.0},
    "verdicts": [],
    "policies": {"deid": "safe_harbor@0", "quality": "default@0", "gate": "default@0"},
    "rule": "safe_harbor",
    "section": "45 CFR 164.514(b)(2)",
    "dropped": {},
    "stages": [],
    "shards": {"planned": 1, "done": 1, "skipped": 0, "failed": []},
    "release": None,
    "evaluation": None,
    "evaluation_error": "",
    "audit": None,
    "environment": {},
}
_OPTIONAL: dict[str, Any] = {
    "audit": {"status": "intact", "exit_code": 0, "events": 1, "refused": []},
    "evaluation": {"suite": "s", "model": "m", "passed": 0, "cases": 0, "cost": None, "results": []},
}


def summary(**parts: Any) -> RunSummary:
    """The smallest summary with other parts; of a part that is a mapping, only the keys given are others."""
    merged = {name: _merged(SMALLEST[name] or _OPTIONAL.get(name), part) for name, part in parts.items()}
    return TypeAdapter(RunSummary).validate_python(SMALLEST | merged)


def _merged(before: Any, part: Any) -> Any:
    return before | part if isinstance(before, dict) and isinstance(part, dict) else part
