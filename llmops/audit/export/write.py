"""Write the whole log in another format: one JSON object per line, or CSV for a spreadsheet."""

import csv
import io
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from llmops.audit.explain import LoggedEvent, events_in
from llmops.audit.export.fhir import audit_event
from llmops.audit.export.meaning import meaning_of, moment
from llmops.audit.export.ocsf import api_activity
from llmops.audit.export.openlineage import Lineage

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS: Final = (
    "time", "stream", "index", "run", "kind", "action", "success", "reason", "things", "facts", "leaf",
)  # fmt: skip


class Form(StrEnum):
    """Export formats."""

    FHIR = "fhir-auditevent"
    OCSF = "ocsf"
    OPENLINEAGE = "openlineage"
    CSV = "csv"


def export(directory: Path, form: Form, out: BinaryIO, *, run: str = "", stream: str = "") -> int:
    """Write the log in another format, streaming, in time order.

    The export proves nothing; it names stream, index and leaf hash, so it can be compared with the signed log.

    Args:
        directory: the audit directory.
        form: the format.
        out: the output.
        run: only this run; empty for all.
        stream: only this stream; empty for all.

    Returns:
        Number of events written.

    Raises:
        AuditVerificationError: a stream cannot be read, or holds a line that is no event of the schema.
    """
    events = events_in(directory, run=run, stream=stream)
    lines = _rows(events) if form is Form.CSV else _objects(events, _shape(form))
    written = 0
    for line in lines:
        out.write(line)
        written += 1
    return written - (form is Form.CSV)


def _shape(form: Form) -> Callable[[LoggedEvent], dict[str, Any] | None]:
    return {Form.FHIR: audit_event, Form.OCSF: api_activity, Form.OPENLINEAGE: Lineage().run_event}[form]


def _objects(events: Iterator[LoggedEvent], shape: Callable[[LoggedEvent], dict[str, Any] | None]) -> Iterator[bytes]:
    for seen in events:
        shaped = shape(seen)
        if shaped is not None:
            yield orjson.dumps(shaped, option=orjson.OPT_APPEND_NEWLINE)


def _rows(events: Iterator[LoggedEvent]) -> Iterator[bytes]:
    yield _line(_COLUMNS)
    for seen in events:
        meaning = meaning_of(seen)
        yield _line(
            (
                moment(seen.entry.at),
                seen.receipt.stream,
                str(seen.receipt.index),
                seen.entry.run,
                seen.entry.event.kind,
                meaning.action.name.lower(),
                meaning.success.value,
                meaning.reason,
                "; ".join(f"{sort} {value}" for sort, value in meaning.things),
                "; ".join(f"{name}: {value}" for name, value in meaning.facts if value),
                seen.receipt.leaf,
            )
        )


def _line(cells: tuple[str, ...]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([_inert(cell) for cell in cells])
    return buffer.getvalue().encode()


def _inert(cell: str) -> str:
    """Prefix a quote to a cell that a spreadsheet would take for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
