"""The result of a verification: status with exit code, defects by stream and position, and counts."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Self


class Status(StrEnum):
    """Trustworthiness of a log."""

    INTACT = "intact"
    WARNINGS = "warnings"
    TAMPERED = "tampered"
    CANNOT_VERIFY = "cannot_verify"

    @property
    def exit_code(self) -> int:
        """Return the exit code of the command line: 0, 1, 2, 3."""
        return list(Status).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One defect of a log, or a note about an intact one.

    Args:
        status: severity; intact for a note.
        stream: name of the stream, or empty for the whole directory.
        what: one sentence; ids, positions and counts only.
        position: zero-based position of the first invalid event, if known.
        start: the defect lies in events ``[start, end)``; everything before ``start`` is proven.
        end: see ``start``; ``None`` if the end is not known.
    """

    status: Status
    stream: str
    what: str
    position: int | None = None
    start: int = 0
    end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamReport:
    """What is proven about one stream.

    Args:
        stream: its name.
        events: number of complete events.
        sealed: events under a checkpoint with a valid signature.
        anchored: events under an anchor or another stream's `StreamSealed`.
        root: hex root over all its events.
        fingerprints: fingerprints of the keys that signed it.
        kinds: number of events by kind, sorted.
        segments: number of its segments; all but the newest are read-only.
    """

    stream: str
    events: int
    sealed: int
    anchored: int
    root: str
    fingerprints: tuple[str, ...] = ()
    kinds: tuple[tuple[str, int], ...] = ()
    segments: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenTime:
    """A valid time stamp: the first ``size`` events of a stream existed at that time.

    Args:
        stream: its name.
        size: number of events.
        root: hex root over them.
        at: UTC, ISO 8601, as signed by the authority.
        authority: subject of the authority's certificate.
    """

    stream: str
    size: int
    root: str
    at: str
    authority: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of a verification; ``times`` holds what time stamps prove, if there are any."""

    findings: tuple[Finding, ...]
    streams: tuple[StreamReport, ...]
    times: tuple[ProvenTime, ...] = ()

    @property
    def status(self) -> Status:
        """Return the worst status of the findings; tampered outweighs cannot-verify, since it is certain."""
        found = {finding.status for finding in self.findings}
        for status in (Status.TAMPERED, Status.CANNOT_VERIFY, Status.WARNINGS):
            if status in found:
                return status
        return Status.INTACT

    def without(self, streams: Callable[[str], bool]) -> Self:
        """Return the verdict without the findings on streams that ``streams`` selects."""
        return replace(self, findings=tuple(found for found in self.findings if not streams(found.stream)))

    @property
    def exit_code(self) -> int:
        """0 intact and anchored, 1 warnings, 2 tampered, 3 cannot verify."""
        return self.status.exit_code

    def to_dict(self) -> dict[str, object]:
        """Return the verdict as plain values, for JSON."""
        return {
            "status": str(self.status),
            "exit_code": self.exit_code,
            "events": self.events,
            "sealed": self.sealed,
            "unsealed": self.unsealed,
            "kinds": self.kinds,
            "times": [asdict(time) for time in self.times],
            "findings": [asdict(finding) for finding in self.findings],
            "streams": [{**asdict(stream), "kinds": dict(stream.kinds)} for stream in self.streams],
        }

    @property
    def events(self) -> int:
        """Return the number of events in all streams."""
        return sum(stream.events for stream in self.streams)

    @property
    def sealed(self) -> int:
        """Return the number of events under a valid checkpoint."""
        return sum(stream.sealed for stream in self.streams)

    @property
    def unsealed(self) -> int:
        """Return the number of events that no checkpoint covers yet."""
        return self.events - self.sealed

    @property
    def kinds(self) -> dict[str, int]:
        """Return the number of events by kind over all streams."""
        total: dict[str, int] = {}
        for stream in self.streams:
            for kind, count in stream.kinds:
                total[kind] = total.get(kind, 0) + count
        return dict(sorted(total.items()))
