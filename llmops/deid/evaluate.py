"""Measures a detector against annotated notes: token by token, as LABELS.md of the corpora says."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from llmops.errors import SourceError
from llmops.phi import PhiFinding

_TOKEN: Final = re.compile(r"\w+")
_FREE: Final = frozenset({"ORG_SOFT", "DATE_SOFT", "PROF"})


class Detector(Protocol):
    """Finds PHI in many texts, in order."""

    def detect_many(self, texts: Iterable[str], /) -> Iterator[list[PhiFinding]]:
        """Yield the findings of each text, with offsets in it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Proportion:
    """A count out of a total with its exact 95 % (Clopper-Pearson) bounds."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """The proportion; 1 where there is nothing to count."""
        return self.hits / self.total if self.total else 1.0

    @property
    def bounds(self) -> tuple[float, float]:
        """The exact 95 % confidence bounds."""
        from scipy.stats import beta  # type: ignore[import-untyped]  # noqa: PLC0415 - costs half a second to import

        low = float(beta.ppf(0.025, self.hits, self.total - self.hits + 1)) if self.hits else 0.0
        high = float(beta.ppf(0.975, self.hits + 1, self.total - self.hits)) if self.hits < self.total else 1.0
        return low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """One token decided wrongly, with what stands around it. PHI: kept in the raw zone."""

    document: str
    label: str
    surface: str = field(repr=False)
    context: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How a detector did.

    Args:
        recall: PHI tokens found whole, out of all.
        precision: masked tokens that are PHI, out of all masked.
        by_label: recall of each label of the gold annotation, sorted.
        clean_documents: documents with PHI of which no token leaked, out of all with PHI.
        touched_documents: documents without PHI of which a token was masked, out of all without.
        over_redaction_per_1000: masked tokens in 1,000 of the documents without PHI.
        leaks, over_redactions: each wrong token. PHI.
    """

    recall: Proportion
    precision: Proportion
    by_label: tuple[tuple[str, Proportion], ...]
    clean_documents: Proportion
    touched_documents: Proportion
    over_redaction_per_1000: float
    leaks: tuple[Miss, ...] = field(default=(), repr=False)
    over_redactions: tuple[Miss, ...] = field(default=(), repr=False)

    def summary(self) -> dict[str, object]:
        """Give the figures without any text, ready for JSON."""
        return {
            "recall": _figures(self.recall),
            "precision": _figures(self.precision),
            "clean_documents": _figures(self.clean_documents),
            "touched_documents": _figures(self.touched_documents),
            "over_redaction_per_1000": round(self.over_redaction_per_1000, 2),
            "by_label": {label: _figures(value) for label, value in self.by_label},
        }


@dataclass(slots=True)
class _Tally:
    found: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)
    masked: int = 0
    right: int = 0
    with_phi: int = 0
    clean: int = 0
    without_phi: int = 0
    touched: int = 0
    plain_tokens: int = 0
    plain_masked: int = 0
    leaks: list[Miss] = field(default_factory=list)
    over: list[Miss] = field(default_factory=list)


def evaluate(gold_path: Path, detector: Detector) -> Evaluation:
    r"""Measure a detector on JSONL notes: ``{"id", "text", "spans": [{"start", "end", "label"}]}``.

    A token (``\w+``) is PHI where a gold span touches it and found where every PHI character of it is covered; tokens
    under a free label (``*_SOFT``, ``PROF``) count neither way.

    Raises:
        SourceError: the file cannot be read as such notes.
    """
    notes = _read(gold_path)
    tally = _Tally()
    for note, findings in zip(notes, detector.detect_many([str(n["text"]) for n in notes]), strict=True):
        _score(note, findings, tally)
    return Evaluation(
        recall=Proportion(hits=tally.found.total(), total=tally.total.total()),
        precision=Proportion(hits=tally.right, total=tally.masked),
        by_label=tuple((k, Proportion(hits=tally.found[k], total=tally.total[k])) for k in sorted(tally.total)),
        clean_documents=Proportion(hits=tally.clean, total=tally.with_phi),
        touched_documents=Proportion(hits=tally.touched, total=tally.without_phi),
        over_redaction_per_1000=1000 * tally.plain_masked / max(1, tally.plain_tokens),
        leaks=tuple(tally.leaks),
        over_redactions=tuple(tally.over),
    )


def _score(note: dict[str, Any], findings: Sequence[PhiFinding], tally: _Tally) -> None:
    text = str(note["text"])
    gold: list[str] = [""] * len(text)
    for span in note["spans"]:
        gold[span["start"] : span["end"]] = [span["label"]] * (span["end"] - span["start"])
    covered = bytearray(len(text))
    for finding in findings:
        covered[finding.start : finding.end] = b"\1" * (finding.end - finding.start)
    phi = leaked = masked = tokens = 0
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        labels = [label for label in gold[start:end] if label]
        if labels and all(label in _FREE for label in labels):
            continue
        tokens += 1
        hit = any(covered[start:end])
        masked += hit
        tally.masked += hit
        if not labels:
            if hit:
                tally.over.append(_miss(note, "-", text, start, end))
            continue
        tally.right += hit
        label = next(label for label in labels if label not in _FREE)
        complete = all(covered[i] for i in range(start, end) if gold[i] and gold[i] not in _FREE)
        phi += 1
        tally.total[label] += 1
        tally.found[label] += complete
        if not complete:
            leaked += 1
            tally.leaks.append(_miss(note, label, text, start, end))
    _count_document(tally, phi=phi, leaked=leaked, masked=masked, tokens=tokens)


def _count_document(tally: _Tally, *, phi: int, leaked: int, masked: int, tokens: int) -> None:
    if phi:
        tally.with_phi += 1
        tally.clean += not leaked
        return
    tally.without_phi += 1
    tally.touched += bool(masked)
    tally.plain_tokens += tokens
    tally.plain_masked += masked


def _miss(note: dict[str, Any], label: str, text: str, start: int, end: int) -> Miss:
    context = text[max(0, start - 30) : start] + "<<" + text[start:end] + ">>" + text[end : end + 25]
    return Miss(document=str(note["id"]), label=label, surface=text[start:end], context=context)


def _figures(value: Proportion) -> dict[str, object]:
    low, high = value.bounds
    return {
        "value": round(value.value, 4),
        "hits": value.hits,
        "total": value.total,
        "low": round(low, 4),
        "high": round(high, 4),
    }


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as lines:
            notes = [json.loads(line) for line in lines if line.strip()]
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SourceError(f"gold file: cannot be read as JSONL notes ({type(error).__name__})") from None
    if not all(
        isinstance(n, dict) and isinstance(n.get("text"), str) and isinstance(n.get("spans"), list) for n in notes
    ):
        raise SourceError("gold file: every line needs id, text and spans")
    return notes
