"""Counts for the report: runs, releases, policies, findings, reasons and actors; one event at a time."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from llmops.audit import events as e
from llmops.audit import layout
from llmops.audit.explain import LoggedEvent
from llmops.audit.export.meaning import as_text, moment

MOST_ACTS: Final = 500
_ACTS: Final = (
    e.Queried, e.Evaluated, e.IndexBuilt, e.ReleaseRevoked, e.Reviewed, e.Recovered, e.KeyCreated, e.VaultChanged,
    e.RecordTraced,
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class LogCounts:
    """Counts over a log; every string in it is an id or a code of the event schema."""

    events: int = 0
    first: int = 0
    last: int = 0
    released: int = 0
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    releases: dict[str, dict[str, Any]] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    streams: dict[str, dict[str, Any]] = field(default_factory=dict)
    withheld: Counter[tuple[str, str]] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    operators: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    acts: list[dict[str, str]] = field(default_factory=list)
    acts_total: int = 0

    def add(self, seen: LoggedEvent) -> None:
        """Count one event; events come in time order."""
        event, at = seen.entry.event, seen.entry.at
        self.events += 1
        self.first, self.last = self.first or at, max(self.last, at)
        self._stream(seen)
        if isinstance(event, _ACTS):
            self._act(seen)
        if seen.entry.run:
            self._run(seen)
        if isinstance(event, e.DocumentDeidentified):
            self._deidentified(seen, event)
        elif isinstance(event, e.ReleasePublished):
            self._published(seen, event)
        elif isinstance(event, e.ReleaseRevoked):
            self._revoked(event)
        else:
            self._decision(event)

    def _stream(self, seen: LoggedEvent) -> None:
        name = seen.receipt.stream
        row = self.streams.setdefault(name, {"role": _role(name), "run": "", "first": _time(seen), "kinds": Counter()})
        row["run"] = row["run"] or seen.entry.run
        row["last"] = _time(seen)
        row["kinds"][seen.entry.event.kind] += 1

    def _act(self, seen: LoggedEvent) -> None:
        self.acts_total += 1
        event: Any = seen.entry.event
        facts = ((name, as_text(getattr(event, name))) for name in event.__slots__)
        said = "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts if value)
        self.acts.append({"at": _time(seen), "who": seen.receipt.stream, "what": event.kind, "facts": said[:400]})
        del self.acts[:-MOST_ACTS]

    def _run(self, seen: LoggedEvent) -> None:
        event: Any = seen.entry.event
        row = self.runs.setdefault(seen.entry.run, {"status": "not finished", "failed_shards": 0, "gate": ""})
        row["last"] = _time(seen)
        row.setdefault("first", row["last"])
        if isinstance(event, e.RunStarted):
            row |= {"recipe": event.recipe, "policy": event.policy_id, "versions": as_text(event.versions)}
        elif isinstance(event, e.RunFinished):
            counts = {"read": event.read, "released": event.released, "withheld": event.withheld}
            row |= {"status": "finished", **counts}
        elif isinstance(event, e.RunInterrupted):
            row["status"] = "interrupted"
        elif isinstance(event, e.ShardFailed):
            row["failed_shards"] += 1
        elif isinstance(event, e.GateDecided):
            row["gate"] = f"{'passed' if event.passed else 'FAILED'} ({as_text(event.verdicts)})"

    def _decision(self, event: object) -> None:
        if isinstance(event, e.DocumentReleased):
            self.released += 1
        elif isinstance(event, e.RecordWithheld):
            self.withheld[event.stage.value, event.reason.value] += 1
        elif isinstance(event, e.RecordRead):
            self.formats[event.format] += 1

    def _deidentified(self, seen: LoggedEvent, event: e.DocumentDeidentified) -> None:
        self.findings.update(dict(event.findings))
        self.operators.update(dict(event.operators))
        row = self.policies.setdefault(event.policy_id, {"documents": 0, "first": _time(seen)})
        row["documents"] += 1
        row["last"] = _time(seen)

    def _published(self, seen: LoggedEvent, event: e.ReleasePublished) -> None:
        facts = {"manifest": event.manifest, "documents": event.documents, "run": seen.entry.run}
        self.releases.setdefault(event.release_id, {"at": _time(seen), "revoked": "", **facts})

    def _revoked(self, event: e.ReleaseRevoked) -> None:
        row = self.releases.setdefault(event.release_id, {"at": "", "manifest": "", "documents": 0, "run": ""})
        what = f"document {event.document_id}" if event.document_id else "whole"
        row["revoked"] = ", ".join(filter(None, [row.get("revoked", ""), f"{what}: {event.reason}"]))[:400]


def _time(seen: LoggedEvent) -> str:
    """Format a time in UTC, to the second."""
    return moment(seen.entry.at)[:19].replace("T", " ")


def _role(stream: str) -> str:
    if layout.is_review(stream):
        return "reviewer"
    if stream.startswith(layout.READER):
        return "reader of releases: search, evaluation, revocation"
    head, _, tail = stream.rpartition("-w")
    if head and tail.isdecimal():
        return "worker of a run"
    return "run" if stream.startswith("run-") else stream.partition("-")[0]
