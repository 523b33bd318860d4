"""Measure a detector against annotated notes: by token (LABELS.md of the corpora), span and document."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

from llmops.deid.measure.gold import TOKEN, Freedom, GoldNote, GoldSpan, cover, read_gold
from llmops.phi import PhiFinding, PhiLabel

_CONFIDENCE: Final = 0.95


class Detector(Protocol):
    """Finds PHI in many texts, in order."""

    def detect_many(self, texts: Iterable[str], /) -> Iterator[Sequence[PhiFinding]]:
        """Yield the findings of each text, with offsets in it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Proportion:
    """A count out of a total with its exact 95 % (Clopper-Pearson) bounds."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """The proportion; 1 if the total is 0."""
        return self.hits / self.total if self.total else 1.0

    @property
    def bounds(self) -> tuple[float, float]:
        """The exact confidence bounds."""
        from scipy.stats import beta  # noqa: PLC0415 - costs half a second to import

        tail = (1 - _CONFIDENCE) / 2
        low = float(beta.ppf(tail, self.hits, self.total - self.hits + 1)) if self.hits else 0.0
        high = float(beta.ppf(1 - tail, self.hits + 1, self.total - self.hits)) if self.hits < self.total else 1.0
        return low, high

    def figures(self) -> dict[str, object]:
        """Return value, counts and bounds, JSON-ready."""
        low, high = self.bounds
        counts = {"hits": self.hits, "total": self.total}
        return {"value": round(self.value, 4), "low": round(low, 4), "high": round(high, 4), **counts}


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Recall and precision at one level: of tokens, spans or documents."""

    recall: Proportion
    precision: Proportion

    @property
    def f1(self) -> float:
        """The harmonic mean of both values."""
        both = self.recall.value + self.precision.value
        return 2 * self.recall.value * self.precision.value / both if both else 0.0

    def figures(self) -> dict[str, object]:
        """Return all three, JSON-ready."""
        return {"recall": self.recall.figures(), "precision": self.precision.figures(), "f1": round(self.f1, 4)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """One wrongly decided token with its context. PHI: kept in the raw zone."""

    document: str
    label: str
    surface: str = field(repr=False)
    before: str = field(default="", repr=False)
    after: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The results of a detector.

    Args:
        tokens: a PHI token is found only if all its PHI characters are covered.
        spans: a gold span is found if all its tokens are; a finding is correct if it touches a gold span.
        documents: recall: documents with PHI that have no leak; precision: masked documents without over-redaction.
        without_bare_years: like ``tokens``, with four-digit years free (Safe Harbor keeps them).
        dates, dates_without_years: recall of date tokens, with and without their years.
        by_label, by_identifier: token recall, sorted by name.
        touched_documents: PHI-free documents with a masked token, out of all PHI-free ones.
        over_redaction_per_1000: masked tokens per 1,000 tokens of the PHI-free documents.
        leaks, over_redactions: each wrong token. PHI.
    """

    tokens: Level
    spans: Level
    documents: Level
    without_bare_years: Level
    dates: Proportion
    dates_without_years: Proportion
    by_label: tuple[tuple[str, Proportion], ...]
    by_identifier: tuple[tuple[str, Proportion], ...]
    touched_documents: Proportion
    over_redaction_per_1000: float
    leaks: tuple[Miss, ...] = field(default=(), repr=False)
    over_redactions: tuple[Miss, ...] = field(default=(), repr=False)

    @property
    def recall(self) -> Proportion:
        """Token recall."""
        return self.tokens.recall

    @property
    def precision(self) -> Proportion:
        """Token precision."""
        return self.tokens.precision

    @property
    def clean_documents(self) -> Proportion:
        """Documents with PHI without a leaked token, out of all with PHI."""
        return self.documents.recall

    @cached_property
    def levels(self) -> tuple[tuple[str, Level], ...]:
        """The levels by name."""
        return (
            ("tokens", self.tokens),
            ("tokens without bare years", self.without_bare_years),
            ("spans", self.spans),
            ("documents", self.documents),
        )

    def summary(self) -> dict[str, object]:
        """Return the figures without any text, JSON-ready."""
        return {
            **{name.replace(" ", "_"): level.figures() for name, level in self.levels},
            "dates": {"all": self.dates.figures(), "without_years": self.dates_without_years.figures()},
            "touched_documents": self.touched_documents.figures(),
            "over_redaction_per_1000": round(self.over_redaction_per_1000, 2),
            "by_label": {label: value.figures() for label, value in self.by_label},
            "by_identifier": {name: value.figures() for name, value in self.by_identifier},
        }


@dataclass(slots=True)
class _Tally:
    """Counts over all notes under one `Freedom`."""

    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    total: Counter[tuple[str, str]] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    leaks: list[Miss] = field(default_factory=list)
    over: list[Miss] = field(default_factory=list)

    def recall_by(self, part: int) -> tuple[tuple[str, Proportion], ...]:
        names = sorted({key[part] for key in self.total})
        return tuple((name, self.recall(name, part)) for name in names)

    def recall(self, name: str, part: int) -> Proportion:
        hits = sum(n for key, n in self.found.items() if key[part] == name)
        return Proportion(hits=hits, total=sum(n for key, n in self.total.items() if key[part] == name))

    def level(self) -> Level:
        return Level(
            recall=Proportion(hits=self.found.total(), total=self.total.total()),
            precision=self.share("right", "masked"),
        )

    def share(self, hits: str, total: str) -> Proportion:
        return Proportion(hits=self.counts[hits], total=self.counts[total])


def evaluate(
    gold_path: Path, detector: Detector, *, free_titles: bool = False, kept: frozenset[PhiLabel] = frozenset()
) -> Evaluation:
    r"""Measure a detector on JSONL notes: ``{"id", "text", "spans": [{"start", "end", "label"}]}``.

    A token (``\w+``) is PHI if a gold span touches it, and found if all its PHI characters are covered; tokens under a
    free label (``*_SOFT``, ``PROF``) count neither way.

    Args:
        gold_path: the notes. PHI.
        detector: the detector to measure.
        free_titles: whether titles, states and relative dates in gold spans are free.
        kept: labels a policy keeps: their findings mask nothing, their gold spans are free.

    Raises:
        SourceError: the file cannot be read as such notes.
    """
    notes = read_gold(gold_path)
    labels = frozenset(str(label) for label in kept)
    strict = Freedom(labels=labels, titles=free_titles)
    no_years = Freedom(labels=labels, titles=free_titles, bare_years=True)
    tally, without_years = _Tally(), _Tally()
    for note, findings in zip(notes, detector.detect_many([note.text for note in notes]), strict=True):
        masks = [(f.start, f.end) for f in findings if f.label not in kept]
        _score(note, masks, strict, tally)
        _score(note, masks, no_years, without_years)
    return _evaluation(tally, without_years)


def _evaluation(tally: _Tally, without_years: _Tally) -> Evaluation:
    return Evaluation(
        tokens=tally.level(),
        spans=Level(recall=tally.share("spans_found", "spans"), precision=tally.share("masks_right", "masks")),
        documents=Level(recall=tally.share("clean", "with_phi"), precision=tally.share("exact", "masked_documents")),
        without_bare_years=without_years.level(),
        dates=tally.recall("date", 1),
        dates_without_years=without_years.recall("date", 1),
        by_label=tally.recall_by(0),
        by_identifier=tally.recall_by(1),
        touched_documents=tally.share("touched", "without_phi"),
        over_redaction_per_1000=1000 * tally.counts["plain_masked"] / max(1, tally.counts["plain_tokens"]),
        leaks=tuple(tally.leaks),
        over_redactions=tuple(tally.over),
    )


def _score(note: GoldNote, masks: list[tuple[int, int]], freedom: Freedom, tally: _Tally) -> None:
    """Count one note."""
    text = note.text
    covered = cover(len(text), masks)
    free = cover(len(text), freedom.free_ranges(note))
    gold: list[GoldSpan | None] = [None] * len(text)
    for span in note.spans:
        if not freedom.frees(span):
            gold[span.start : span.end] = [span] * (span.end - span.start)
    here: Counter[str] = Counter()
    for match in TOKEN.finditer(text):
        marks = [mark for i in range(*match.span()) if (mark := gold[i]) is not None and not free[i]]
        if not marks and any(free[match.start() : match.end()]):
            continue
        hit = any(covered[match.start() : match.end()])
        here["tokens"] += 1
        here["masked"] += hit
        if not marks:
            if hit:
                here["over"] += 1
                tally.over.append(_miss(note, "", match.start(), match.end()))
            continue
        here["phi"] += 1
        here["right"] += hit
        key = (marks[0].label, marks[0].identifier)
        complete = all(covered[i] for i in range(*match.span()) if gold[i] is not None and not free[i])
        tally.total[key] += 1
        tally.found[key] += complete
        if not complete:
            here["leaked"] += 1
            tally.leaks.append(_miss(note, key[0], match.start(), match.end()))
    _count_spans(note, masks, covered, free, gold, freedom, tally)
    _count_document(here, tally)


def _count_spans(
    note: GoldNote,
    masks: Sequence[tuple[int, int]],
    covered: Sequence[bool],
    free: Sequence[bool],
    gold: Sequence[GoldSpan | None],
    freedom: Freedom,
    tally: _Tally,
) -> None:
    for span in note.spans:
        needed = [i for i in range(span.start, span.end) if note.text[i].isalnum() and not free[i]]
        if freedom.frees(span) or not needed:
            continue
        tally.counts["spans"] += 1
        tally.counts["spans_found"] += all(covered[i] for i in needed)
    for start, end in masks:
        on_gold = any(gold[i] is not None and not free[i] for i in range(start, end))
        if on_gold or not any(free[start:end]):
            tally.counts["masks"] += 1
            tally.counts["masks_right"] += on_gold


def _count_document(here: Counter[str], tally: _Tally) -> None:
    counts = tally.counts
    counts["masked"] += here["masked"]
    counts["right"] += here["right"]
    counts["masked_documents"] += here["masked"] > 0
    counts["exact"] += here["masked"] > 0 and not here["over"]
    if here["phi"]:
        counts["with_phi"] += 1
        counts["clean"] += not here["leaked"]
        return
    counts["without_phi"] += 1
    counts["touched"] += here["masked"] > 0
    counts["plain_tokens"] += here["tokens"]
    counts["plain_masked"] += here["masked"]


def _miss(note: GoldNote, label: str, start: int, end: int) -> Miss:
    text = note.text
    return Miss(
        document=note.id,
        label=label,
        surface=text[start:end],
        before=text[max(0, start - 50) : start],
        after=text[end : end + 40],
    )
