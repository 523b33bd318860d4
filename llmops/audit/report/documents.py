"""The paged index of documents: every step of every document, in small compressed pages, opened one at a time.

The CRC-32 of a record's id selects its page, so no index of ids is needed.
"""

import base64
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import orjson

from llmops.audit.codec import rules_of
from llmops.audit.events import DocumentDeidentified, DocumentReleased, DocumentScored, RecordWithheld
from llmops.audit.explain import LoggedEvent
from llmops.audit.export.meaning import as_text

LINE_BYTES: Final = 270
EVENTS_PER_PAGE: Final = 2_500
_IDS: Final = frozenset({"document_id", "record_id"})


class Pages:
    """Collects the events about records and documents; `packed` returns the pages.

    Args:
        log_bytes: size of the log, from which the number of pages is chosen.
    """

    def __init__(self, log_bytes: int) -> None:
        self.count = max(1, log_bytes // (LINE_BYTES * EVENTS_PER_PAGE))
        self.kinds: list[str] = []
        self.streams: list[str] = []
        self._kinds: dict[str, int] = {}
        self._streams: dict[str, int] = {}
        self._held = [bytearray() for _ in range(self.count)]

    def add(self, seen: LoggedEvent) -> None:
        """Take an event; events about no record or document are skipped."""
        event: Any = seen.entry.event
        document_id = getattr(event, "document_id", "")
        record_id = document_id.partition(".")[0] or getattr(event, "record_id", "")
        if not record_id or event.kind == "release_revoked":
            return
        page = zlib.crc32(record_id.encode()) % self.count
        step = [
            _number(self.kinds, self._kinds, event.kind),
            seen.entry.at,
            _number(self.streams, self._streams, seen.receipt.stream),
            seen.receipt.index,
            _facts(event),
        ]
        row = [
            record_id,
            document_id.partition(".")[2] if document_id else None,
            seen.entry.run,
            *_decided(event),
            step,
        ]
        self._held[page] += orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)

    def packed(self) -> Iterator[tuple[str, dict[str, int]]]:
        """Yield each page, as base64 of zlib of JSON, with its number of documents by decision and reason."""
        for number, held in enumerate(self._held):
            documents = _documents(held)
            self._held[number] = bytearray()
            counts = Counter(document[3] for document in documents)
            yield base64.b64encode(zlib.compress(orjson.dumps(documents), 6)).decode("ascii"), dict(counts)


def _documents(held: bytearray) -> list[list[Any]]:
    """Return ``[record, part, run, decision, policy, score, steps]`` of every document, sorted by id.

    The reading of a record is a step of each of its documents; a record without documents has a row of its own.
    """
    records: dict[str, dict[str | None, list[Any]]] = {}
    for line in held.splitlines():
        record_id, part, run, decision, policy, score, step = orjson.loads(line)
        parts = records.setdefault(record_id, {})
        row = parts.setdefault(part, [record_id, part, run, "", "", None, []])
        row[2] = run or row[2]
        row[3] = decision or row[3]
        row[4] = policy or row[4]
        row[5] = row[5] if score is None else score
        row[6].append(step)
    return [row for record_id in sorted(records) for row in _rows(records[record_id])]


def _rows(parts: dict[str | None, list[Any]]) -> Iterator[list[Any]]:
    record = parts.pop(None, None)
    if record is not None and (not parts or record[3]):
        yield record
    for part in sorted(parts, key=lambda name: (len(name or ""), name)):
        row = parts[part]
        yield row if record is None or record[3] else [*row[:6], [*record[6], *row[6]]]


def _decided(event: object) -> tuple[str, str, float | None]:
    """Return decision, policy and score, as far as this event holds them."""
    if isinstance(event, DocumentReleased):
        return "released", event.policy_id, event.score
    if isinstance(event, RecordWithheld):
        return event.reason.value, "", None
    if isinstance(event, DocumentDeidentified):
        return "", event.policy_id, None
    return "", "", event.score if isinstance(event, DocumentScored) else None


def _facts(event: Any) -> str:
    facts = ((name, as_text(getattr(event, name))) for name, _ in rules_of(type(event)) if name not in _IDS)
    return "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts if value not in ("", "0", "false"))


def _number(names: list[str], numbers: dict[str, int], name: str) -> int:
    if name not in numbers:
        numbers[name] = len(names)
        names.append(name)
    return numbers[name]
