"""Find sentences in given passages that answer a question, by words alone; deterministic."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

import re2

from llmops.evaluation.prompt import Passage
from llmops.retrieval.concepts import Concept, concepts, line
from llmops.retrieval.sentences import sentences

MIN_COVERAGE: Final = 0.55
"""Share of the question, weighted by rarity, that a quote and its context must cover."""
MIN_FOCUS: Final = 0.3
"""Share that the quoted sentence itself must cover."""
MAX_QUOTES: Final = 2
MAX_LISTED: Final = 8

_NEARBY: Final = 0.6
_SAME_DOCUMENT: Final = 0.5
_HEADING_WORDS: Final = 10
_NUMBER_BONUS: Final = 0.12
_MEMBER_BONUS: Final = 0.15
_SECTION_BONUS: Final = 0.12
_RANK_BONUS: Final = 0.1
_CLOSE_TO_BEST: Final = 0.85
_SETTING_WEIGHT: Final = 0.5
_SETTING: Final = re2.compile(r"(?i)\b(?:for|in|with|after|during|on|at|from|before)\b")
_NUMERIC: Final = re2.compile(
    r"(?i)\b(how (many|much|long|large|big|old|high|low|fast)|dose|dosage|size|rate|fraction|pressure|count|level|"
    r"value|weight|height|temperature|saturation|percentage|score|grade|number|measure\w*|hba1c|a1c|hemoglobin|creatinine|"
    r"potassium|sodium)\b"
)
_LISTING: Final = re2.compile(
    r"(?i)\b(list|which|what)\b.*\b(medications|drugs|allergies|diagnoses|problems|vaccines|findings|variants)\b"
)
_SECTIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "medication": ("medications", "discharge_medications", "plan"),
        "taking": ("medications", "discharge_medications", "plan", "assessment_and_plan"),
        "prescribed": ("medications", "discharge_medications", "plan", "assessment_and_plan"),
        "allerg": ("allergies",),
        "diagnos": ("impression", "assessment", "assessment_and_plan", "diagnosis", "discharge_diagnosis"),
        "impression": ("impression", "assessment"),
        "finding": ("findings", "impression"),
        "smok": ("social_history",),
        "alcohol": ("social_history",),
        "family": ("family_history",),
        "mother": ("family_history",),
        "father": ("family_history",),
        "surgery": ("procedure", "past_surgical_history", "hospital_course", "operation"),
        "plan": ("plan", "assessment_and_plan"),
        "follow": ("plan", "follow_up", "discharge_instructions"),
    }
)
"""Sections most likely to answer a question with this word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A verbatim sentence of a passage.

    Args:
        text: the sentence.
        chunk_id: the passage that contains it.
        score: relevance; comparable within one question.
    """

    text: str = field(repr=False)
    chunk_id: str
    score: float


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence with its passage and its document's known text, as lines of stemmed words."""

    text: str
    line: str
    around: str
    document: str
    passage: Passage
    rank: int


class _Asked(NamedTuple):
    """A concept of the question, its weight, and whether it is the thing asked for or identifies the record."""

    concept: Concept
    weight: float
    is_head: bool


def extract(question: str, context: Sequence[Passage]) -> tuple[Quote, ...]:
    """Quote the sentences that answer a question, best first; empty where no passage does.

    Args:
        question: in English.
        context: passages in order of rank.
    """
    documents = _documents(context)
    candidates = [
        item
        for rank, passage in enumerate(context)
        for item in _candidates(passage, rank, documents[_document(passage)])
    ]
    asked = _asked(question, candidates)
    if not asked or not candidates:
        return ()
    scored = [(_score(question, asked, item), item) for item in candidates]
    ranked = sorted(((score, item) for score, item in scored if score > 0), key=lambda pair: -pair[0])
    return _choose(ranked, MAX_LISTED if _LISTING.search(question) else MAX_QUOTES)


def _choose(ranked: Sequence[tuple[float, _Candidate]], limit: int) -> tuple[Quote, ...]:
    chosen: dict[str, Quote] = {}
    for score, item in ranked:
        if len(chosen) == limit or score < _CLOSE_TO_BEST * ranked[0][0]:
            break
        chosen.setdefault(item.line, Quote(text=item.text, chunk_id=item.passage.chunk_id, score=round(score, 4)))
    return tuple(chosen.values())


def _documents(context: Sequence[Passage]) -> Mapping[str, str]:
    """All passage text of each document: the diagnosis may be in another passage than the dose."""
    found: dict[str, list[str]] = {}
    for passage in context:
        found.setdefault(_document(passage), [passage.title]).append(passage.text)
    return {document: line("\n".join(texts)) for document, texts in found.items()}


def _document(passage: Passage) -> str:
    return passage.chunk_id.rpartition("#")[0]


def _candidates(passage: Passage, rank: int, document: str) -> Iterator[_Candidate]:
    around = line(f"{passage.section.replace('_', ' ')} {passage.text}")
    heading = ""
    for text in _sentences(passage.text):
        if text.endswith(":"):
            heading = "" if _is_heading(text, passage) else text
            continue
        quoted = f"{heading} {text}" if heading and _stands_before(passage.text, heading, text) else text
        heading = ""
        if not _is_heading(quoted, passage):
            yield _Candidate(quoted.replace("\n", " "), line(quoted), around, document, passage, rank)


def _is_heading(text: str, passage: Passage) -> bool:
    """Whether a line is a heading: in Markdown, the section's own name, or a few words in capitals."""
    if text.startswith("#") or line(text) == line(passage.section.replace("_", " ")):
        return True
    words = text.split()
    return 1 < len(words) <= _HEADING_WORDS and text.isupper() and text[-1] != "." and not any(map(str.isdigit, text))


def _stands_before(text: str, heading: str, sentence: str) -> bool:
    return f"{heading} {sentence}" in text or f"{heading}\n{sentence}" in text


def _sentences(text: str) -> Iterator[str]:
    for span in sentences(text):
        sentence = text[span.start : span.end]
        if span.table:
            yield from (row.strip() for row in sentence.splitlines() if row.strip(" |-\t"))
        else:
            yield sentence


def _asked(question: str, candidates: Sequence[_Candidate]) -> tuple[_Asked, ...]:
    """Weight concepts by rarity among the sentences; a concept in none weighs most, and so leads to refusal.

    Text after a preposition ("the dose *for Dravet syndrome*") identifies the record: it weighs less, and a sentence
    about it alone is no answer.
    """
    heads = concepts(_SETTING.split(question, 1)[0]) or concepts(question)
    total = len(candidates)
    found = []
    for concept in concepts(question):
        count = sum(concept.found_in(item.line) for item in candidates)
        rarity = math.log(1 + (total + 1) / (count + 0.5))
        is_head = concept in heads
        found.append(_Asked(concept, rarity if is_head else _SETTING_WEIGHT * rarity, is_head))
    return tuple(found)


def _score(question: str, asked: Sequence[_Asked], item: _Candidate) -> float:
    section = line(item.passage.section.replace("_", " "))
    focus = near = bonus = 0.0
    on_topic = False
    for concept, weight, is_head in asked:
        if concept.found_in(item.line) or concept.named_in(section):
            focus += weight
            on_topic = on_topic or is_head
            bonus = max(bonus, _MEMBER_BONUS if concept.member_in(item.line) else 0.0)
        elif concept.found_in(item.around):
            near += _NEARBY * weight
        elif concept.found_in(item.document):
            near += _SAME_DOCUMENT * weight
    whole = sum(weight for _, weight, _ in asked)
    if not on_topic or focus / whole < MIN_FOCUS or (focus + near) / whole < MIN_COVERAGE:
        return 0.0
    if _NUMERIC.search(question):
        bonus += _NUMBER_BONUS if any(char.isdigit() for char in item.text) else -_NUMBER_BONUS
    bonus += _SECTION_BONUS if _likely_section(question, item.passage.section) else 0.0
    return (focus + near) / whole + bonus + _RANK_BONUS / (1 + item.rank)


def _likely_section(question: str, section: str) -> bool:
    lowered = question.lower()
    return any(word in lowered and section in names for word, names in _SECTIONS.items())
