"""What a verification found: a status with its exit code, the defects by stream and position, and what was counted."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Self


class Status(StrEnum):
    """What may be believed of a log."""

    INTACT = "intact"
    WARNINGS = "warnings"
    TAMPERED = "tampered"
    CANNOT_VERIFY = "cannot_verify"

    @property
    def exit_code(self) -> int:
        """What the command line returns: 0, 1, 2, 3."""
        return list(Status).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that keeps a log from being intact, or that should be known of one that is.

    Args:
        status: how bad it is; intact for a note.
        stream: name of the stream, or empty for the whole directory.
        what: a sentence about it; ids, positions and counts only.
        position: zero-based position of the first event that does not stand, where it is known.
        start: the defect lies in events ``[start, end)``; everything before ``start`` is proven.
        end: see ``start``; ``None`` where the end is not known.
    """

    status: Status
    stream: str
    what: str
    position: int | None = None
    start: int = 0
    end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamReport:
    """What is proven of one stream.

    Args:
        stream: its name.
        events: number of whole events.
        sealed: events under a checkpoint with a valid signature.
        anchored: events under an anchor or another stream's `StreamSealed`.
        root: hex root over all its events.
        fingerprints: of the keys that signed it.
        kinds: events by kind, sorted.
        segments: number of files its events lie in; all but the newest are closed for good.
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
    """A time stamp that stands: the first ``size`` events of a stream were there at that moment.

    Args:
        stream: its name.
        size: number of events.
        root: hex root over them.
        at: UTC, ISO 8601; what the authority signed.
        authority: subject of the certificate it signed with.
    """

    stream: str
    size: int
    root: str
    at: str
    authority: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer of a verification; ``times`` is what time stamps prove, where there are any."""

    findings: tuple[Finding, ...]
    streams: tuple[StreamReport, ...]
    times: tuple[ProvenTime, ...] = ()

    @property
    def status(self) -> Status:
        """The worst of the findings; tampered outweighs cannot-verify, since it is certain."""
        found = {finding.status for finding in self.findings}
        for status in (Status.TAMPERED, Status.CANNOT_VERIFY, Status.WARNINGS):
            if status in found:
                return status
        return Status.INTACT

    def without(self, streams: Callable[[str], bool]) -> Self:
        """The verdict as far as other streams go: what is wrong with these alone does not count."""
        return replace(self, findings=tuple(found for found in self.findings if not streams(found.stream)))

    @property
    def exit_code(self) -> int:
        """0 intact and anchored, 1 warnings, 2 tampered, 3 cannot verify."""
        return self.status.exit_code

    def to_dict(self) -> dict[str, object]:
        """The verdict as plain values, for JSON."""
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
        """Number of events in all streams."""
        return sum(stream.events for stream in self.streams)

    @property
    def sealed(self) -> int:
        """Number of events under a valid checkpoint."""
        return sum(stream.sealed for stream in self.streams)

    @property
    def unsealed(self) -> int:
        """Number of events that no checkpoint covers yet."""
        return self.events - self.sealed

    @property
    def kinds(self) -> dict[str, int]:
        """Events by kind over all streams."""
        total: dict[str, int] = {}
        for stream in self.streams:
            for kind, count in stream.kinds:
                total[kind] = total.get(kind, 0) + count
        return dict(sorted(total.items()))
