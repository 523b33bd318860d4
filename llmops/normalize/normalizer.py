"""Stage that turns source records into clinical documents: one reader per format, one place for all errors."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from llmops.documents import ClinicalDocument, DocumentGroup, Reason, SourceRecord, StageName, Withheld
from llmops.identities import Identity
from llmops.normalize.config import NormalizeConfig
from llmops.normalize.errors import Refused
from llmops.normalize.identity import identified
from llmops.normalize.text.encodable import encodable

Answer = TypeVar("Answer")


class FormatReader(Protocol):
    """Interface of a format module; it raises `Refused` and nothing else on purpose."""

    def documents(self, record: SourceRecord, config: NormalizeConfig) -> tuple[ClinicalDocument | Withheld, ...]:
        """Make the documents of one record."""
        ...

    def identities(self, record: SourceRecord, config: NormalizeConfig) -> tuple[Identity, ...]:
        """Return the people and organisations of one record."""
        ...


class NormalFormat(Protocol):
    """The part of `llmops.formats.FormatSpec` that normalisation uses."""

    @property
    def name(self) -> str:
        """Name of the format, as records carry it."""
        ...

    @property
    def reader(self) -> FormatReader:
        """Reader of documents and identities."""
        ...


class Normalizer:
    """Turn each source record into a group of at least one document or reason; never raises for a record.

    Args:
        config: column mapping and record requirements.
        key: secret from which document ids are derived.
        formats: supported formats; records of others are withheld.
    """

    def __init__(self, config: NormalizeConfig | None = None, *, key: bytes, formats: Iterable[NormalFormat]) -> None:
        self.config = config if config is not None else NormalizeConfig()
        self._key = key
        self._readers: Mapping[str, FormatReader] = {one.name: one.reader for one in formats}
        self.failures: Counter[str] = Counter()
        """Unexpected failures of format modules, by format; each record was withheld as malformed."""

    def process(self, batch: Sequence[SourceRecord]) -> Sequence[DocumentGroup | Withheld]:
        """Return each record's documents, in order.

        Args:
            batch: source records. PHI.
        """
        return [self._answer(record) for record in batch]

    def identities(self, record: SourceRecord) -> tuple[Identity, ...] | Withheld:
        """Return the people of one record around a subject, or why it is withheld.

        A record refused here must not be given to `process`: its identities are unknown.

        Args:
            record: a source record. PHI.
        """
        found = self._tried(record, lambda: self._reader(record).identities(record, self.config))
        return found if isinstance(found, Withheld) else tuple(map(encodable, found))

    def _answer(self, record: SourceRecord) -> DocumentGroup | Withheld:
        parts = self._tried(record, lambda: self._reader(record).documents(record, self.config))
        if isinstance(parts, Withheld):
            return parts
        if not parts:
            return _withheld(record, Reason.NO_CONTENT)
        return DocumentGroup(record_id=record.record_id, parts=identified(tuple(map(encodable, parts)), self._key))

    def _reader(self, record: SourceRecord) -> FormatReader:
        reader = self._readers.get(record.format)
        if reader is None:
            raise Refused(Reason.UNKNOWN_FORMAT)
        return reader

    def _tried(self, record: SourceRecord, read: Callable[[], Answer]) -> Answer | Withheld:
        try:
            return read()
        except Refused as refused:
            return _withheld(record, refused.reason)
        except Exception:  # noqa: BLE001  input is hostile: whatever breaks on it withholds it, and its text stays here
            self.failures[record.format] += 1
            return _withheld(record, Reason.MALFORMED)


def _withheld(record: SourceRecord, reason: Reason) -> Withheld:
    return Withheld(record_id=record.record_id, stage=StageName.NORMALIZE, reason=reason)
