"""Export runs as OpenLineage events (https://openlineage.io/spec): inputs and outputs of each run."""

from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from llmops.audit.events import (
    Evaluated,
    GateDecided,
    IndexBuilt,
    ReleasePublished,
    RunFinished,
    RunInterrupted,
    RunResumed,
    RunStarted,
    ShardDone,
    ShardFailed,
)
from llmops.audit.explain import LoggedEvent
from llmops.audit.export.meaning import meaning_of, moment

PRODUCER: Final = "urn:llmops:audit:1"
SCHEMA: Final = "https://openlineage.io/spec/1-0-5/OpenLineage.json#/definitions/RunEvent"
_NAMESPACE: Final = "llmops"
_STATES: Final = {RunStarted: "START", RunFinished: "COMPLETE", RunInterrupted: "ABORT"}
_SPOKEN_OF: Final = (
    RunStarted, RunResumed, RunFinished, RunInterrupted, ShardDone, ShardFailed, GateDecided, ReleasePublished,
    IndexBuilt, Evaluated,
)  # fmt: skip


class Lineage:
    """Turns the events of a log, in order, into run events; remembers the recipe of each run."""

    def __init__(self) -> None:
        self._recipes: dict[str, str] = {}

    def run_event(self, seen: LoggedEvent) -> dict[str, Any] | None:
        """Return one run event, or None for events about single records, which lineage does not cover."""
        event = seen.entry.event
        if not isinstance(event, _SPOKEN_OF):
            return None
        if isinstance(event, RunStarted):
            self._recipes[seen.entry.run] = event.recipe
        run = seen.entry.run or seen.receipt.stream
        release_id: str = getattr(event, "release_id", "")
        release = _datasets(f"release/{release_id}") if release_id else []
        makes = isinstance(event, ReleasePublished)
        return {
            "eventType": _STATES.get(type(event), "OTHER"),
            "eventTime": moment(seen.entry.at),
            "producer": PRODUCER,
            "schemaURL": SCHEMA,
            "run": {
                "runId": str(uuid5(NAMESPACE_URL, f"urn:llmops:run:{run}")),
                "facets": {"llmops_audit": _facet(seen)},
            },
            "job": {"namespace": _NAMESPACE, "name": self._recipes.get(seen.entry.run, "") or event.kind},
            "inputs": [] if makes else release,
            "outputs": release if makes else _index(event),
        }


def _index(event: object) -> list[dict[str, str]]:
    return _datasets(f"index/{event.release_id}") if isinstance(event, IndexBuilt) else []


def _datasets(name: str) -> list[dict[str, str]]:
    return [{"namespace": _NAMESPACE, "name": name}]


def _facet(seen: LoggedEvent) -> dict[str, Any]:
    """Return the event's position in the signed log, and its fields."""
    return {
        "_producer": PRODUCER,
        "_schemaURL": "urn:llmops:audit:event:1",
        "kind": seen.entry.event.kind,
        "run": seen.entry.run,
        "stream": seen.receipt.stream,
        "index": seen.receipt.index,
        "leaf": seen.receipt.leaf,
        "fields": dict(meaning_of(seen).facts),
    }
