"""The stage that turns source records into clinical documents: one format module a format, one edge for all errors."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Final, Protocol, TypeVar, cast

from llmops.documents import ClinicalDocument, DocumentGroup, Format, Reason, SourceRecord, StageName, Withheld
from llmops.identities import Identity
from llmops.normalize.config import NormalizeConfig
from llmops.normalize.errors import Refused
from llmops.normalize.identity import identified
from llmops.normalize.text.encodable import encodable

Answer = TypeVar("Answer")


class FormatReader(Protocol):
    """What the module of a format promises; it raises `Refused` and nothing else on purpose."""

    def documents(self, record: SourceRecord, config: NormalizeConfig) -> tuple[ClinicalDocument | Withheld, ...]:
        """Make the documents of one record."""
        ...

    def identities(self, record: SourceRecord, config: NormalizeConfig) -> tuple[Identity, ...]:
        """Say what one record knows about people and organisations."""
        ...


_MODULES: Final[Mapping[Format, str]] = MappingProxyType(
    {
        Format.TEXT: "llmops.normalize.notes.reader",
        Format.ROW: "llmops.normalize.tables.reader",
        Format.FHIR: "llmops.normalize.fhir.reader",
        Format.HL7V2: "llmops.normalize.hl7v2.reader",
        Format.CCDA: "llmops.normalize.ccda.reader",
        Format.VCF: "llmops.normalize.genomics.vcf",
        Format.PHENOPACKET: "llmops.normalize.genomics.phenopackets",
    }
)


@cache
def reader_for(record_format: Format) -> FormatReader:
    """Load the module of a format on first use, so that a run pays only for the formats it meets."""
    return cast("FormatReader", import_module(_MODULES[record_format]))


class Normalizer:
    """Turns each source record into a group of at least one document or reason; never raises for a record.

    Args:
        config: how to read tables and what is asked of a record.
        key: secret that the ids of documents are derived with.
    """

    def __init__(self, config: NormalizeConfig | None = None, *, key: bytes) -> None:
        self.config = config if config is not None else NormalizeConfig()
        self._key = key
        self.failures: Counter[Format] = Counter()
        """Records on which a format module failed unexpectedly, by format; each was withheld as malformed."""

    def process(self, batch: Sequence[SourceRecord]) -> Sequence[DocumentGroup | Withheld]:
        """Answer each record with its documents, in order.

        Args:
            batch: records as read. PHI.
        """
        return [self._answer(record) for record in batch]

    def identities(self, record: SourceRecord) -> tuple[Identity, ...] | Withheld:
        """Say what one record knows about people around a subject, or why it is withheld.

        A record that is refused here is not to be given to `process`: nobody of it is known.

        Args:
            record: a record as read. PHI.
        """
        found = self._tried(record, lambda: reader_for(record.format).identities(record, self.config))
        return found if isinstance(found, Withheld) else tuple(map(encodable, found))

    def _answer(self, record: SourceRecord) -> DocumentGroup | Withheld:
        parts = self._tried(record, lambda: reader_for(record.format).documents(record, self.config))
        if isinstance(parts, Withheld):
            return parts
        if not parts:
            return _withheld(record, Reason.NO_CONTENT)
        return DocumentGroup(record_id=record.record_id, parts=identified(tuple(map(encodable, parts)), self._key))

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
