"""De-identification stage: clinical documents in, de-identified documents or the withholding reason out."""

import logging
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from llmops.deid.config import DeidConfig
from llmops.deid.detect.detector import Detector
from llmops.deid.detect.known.matcher import KnownMatcher
from llmops.deid.policy import Policy
from llmops.deid.rewrite.codes import is_loinc
from llmops.deid.rewrite.operators import Rewriter, dates_of
from llmops.deid.rewrite.typed_fields import free_texts, rewrite_fields, rewrite_time
from llmops.deid.spans import Span
from llmops.deid.subjects import Subject, SubjectVault, resolve_subject
from llmops.deid.verify import second_look
from llmops.documents import ClinicalDocument, DeidentifiedDocument, Reason, Section, StageName, Withheld
from llmops.errors import SubjectErasedError
from llmops.identities import Identity
from llmops.phi import PhiFinding

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A document with its subject and the texts to search. PHI."""

    document: ClinicalDocument = field(repr=False)
    subject: Subject = field(repr=False)
    matcher: KnownMatcher | None = field(repr=False)
    texts: tuple[str, ...] = field(repr=False)


class PresidioDeidentifier:
    """De-identify documents under one policy. Not thread-safe; one instance per worker.

    Args:
        config: the component's settings.
        policy: the checked policy.
        vault: known identifiers, pseudonyms and date offsets; None rewrites each document alone, without pseudonym,
            shift or surrogates.
        detector: a shared detector, so that the model is loaded once; None creates one.
    """

    def __init__(
        self, config: DeidConfig, policy: Policy, vault: SubjectVault | None, detector: Detector | None = None
    ) -> None:
        self._config = config
        self._policy = policy
        self._vault = vault
        self._detector = detector or Detector(config)

    def process(self, batch: Sequence[ClinicalDocument]) -> Sequence[DeidentifiedDocument | Withheld]:
        """De-identify a batch; one answer per document, in order. Failures do not affect other documents.

        Args:
            batch: documents. PHI.
        """
        prepared = [self._prepare(document) for document in batch]
        good = [item for item in prepared if isinstance(item, _Prepared)]
        finds = self._find(good)
        waiting = iter(finds)
        return [item if isinstance(item, Withheld) else self._finish(item, next(waiting)) for item in prepared]

    def _prepare(self, document: ClinicalDocument) -> _Prepared | Withheld:
        try:
            subject = resolve_subject(self._vault, document.subject)
            texts = tuple(free_texts(document))
            if sum(map(len, texts)) > self._config.max_characters:
                return _withheld(document, Reason.TOO_LARGE)
            matcher = _matcher(subject.known) if subject.known else None
            return _Prepared(document=document, subject=subject, matcher=matcher, texts=texts)
        except SubjectErasedError:
            return _withheld(document, Reason.SUBJECT_ERASED)
        except Exception as error:  # noqa: BLE001 - the one edge: whatever goes wrong with a document withholds it
            return _failed(document, error)

    def _find(self, items: Sequence[_Prepared]) -> list[list[tuple[Span, ...]] | None]:
        """Search all texts of the batch at once; if that fails, each document alone, so that only one is lost."""
        texts = [text for item in items for text in item.texts]
        matchers = [item.matcher for item in items for _ in item.texts]
        try:
            waiting = iter(self._detector.find(texts, matchers))
            return [[next(waiting) for _ in item.texts] for item in items]
        except Exception:  # noqa: BLE001 - found again and answered for document by document
            return [self._find_alone(item) for item in items]

    def _find_alone(self, item: _Prepared) -> list[tuple[Span, ...]] | None:
        try:
            return self._detector.find(item.texts, [item.matcher] * len(item.texts))
        except Exception as error:  # noqa: BLE001 - fails closed: None withholds the document
            _log.error("document %s: analysis failed with %s", item.document.document_id, type(error).__name__)
            return None

    def _finish(self, item: _Prepared, found: list[tuple[Span, ...]] | None) -> DeidentifiedDocument | Withheld:
        if found is None:
            return _withheld(item.document, Reason.DEID_FAILED)
        try:
            return self._checked(item, self._rewrite(item, found))
        except Exception as error:  # noqa: BLE001 - as above
            return _failed(item.document, error)

    def _rewrite(self, item: _Prepared, found: Sequence[tuple[Span, ...]]) -> DeidentifiedDocument:
        document = item.document
        dates = dates_of(zip(item.texts, found, strict=True))
        rewriter = Rewriter(self._policy, item.subject, document.time, dates)
        text, findings = rewriter.rewrite(document.text, found[0])
        title, in_title = rewriter.rewrite(document.title, found[1], "title")
        fields, in_fields = rewrite_fields(document, found, rewriter)
        return DeidentifiedDocument(
            document_id=document.document_id,
            record_id=document.record_id,
            subject=item.subject.pseudonym,
            kind=document.kind,
            doc_type=document.doc_type if is_loinc(document.doc_type) else "",
            title=title,
            text=text,
            sections=_moved(document.sections, found[0], findings, len(text)),
            fields=fields,
            time=rewrite_time(document.time, rewriter),
            findings=(*findings, *in_title, *in_fields),
            policy_id=self._policy.policy_id,
            provenance=document.provenance,
        )

    def _checked(self, item: _Prepared, done: DeidentifiedDocument) -> DeidentifiedDocument | Withheld:
        look = second_look(done, self._policy, item.matcher, self._detector.count_added)
        if look.survivors:
            return _withheld(item.document, Reason.KNOWN_IDENTIFIER_SURVIVED)
        done = replace(done, residual_risk=look.risk)
        if done.residual_risk > self._config.withhold_above_risk:
            return _withheld(item.document, Reason.RESIDUAL_PHI)
        return done


@lru_cache(maxsize=64)
def _matcher(known: tuple[Identity, ...]) -> KnownMatcher:
    return KnownMatcher(known)


def _moved(
    sections: Sequence[Section], spans: Sequence[Span], findings: Sequence[PhiFinding], length: int
) -> tuple[Section, ...]:
    """Map section borders to the new text; a border inside a replaced span moves to the span's edge."""
    starts = [span.start for span in spans]

    def move(position: int, *, to_end: bool) -> int:
        before = bisect_right(starts, position) - 1
        if before < 0:
            return position
        span, finding = spans[before], findings[before]
        if position >= span.end:
            return finding.end + position - span.end
        return finding.end if to_end and position > span.start else finding.start

    return tuple(
        Section(
            start=min(move(s.start, to_end=False), length),
            end=min(move(s.end, to_end=True), length),
            name=s.name,
            code=s.code,
        )
        for s in sections
    )


def _failed(document: ClinicalDocument, error: Exception) -> Withheld:
    _log.error("document %s: de-identification failed with %s", document.document_id, type(error).__name__)
    return _withheld(document, Reason.DEID_FAILED)


def _withheld(document: ClinicalDocument, reason: Reason) -> Withheld:
    return Withheld(record_id=document.record_id, document_id=document.document_id, stage=StageName.DEID, reason=reason)
