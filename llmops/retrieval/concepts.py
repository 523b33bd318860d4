"""Parse a question into concepts, each with the words a record may use for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from llmops.retrieval.lexicon import GENERIC, KINDS, SYNONYMS
from llmops.retrieval.terms import STOP_WORDS, raw_words, stem


@dataclass(frozen=True, slots=True)
class Concept:
    """One concept of a question, as phrases in the form of `line`.

    Args:
        names: phrases that name it.
        members: phrases for members of its kind (``"apixaban"`` for an anticoagulant).
    """

    names: tuple[str, ...]
    members: tuple[str, ...] = ()

    def named_in(self, text: str) -> bool:
        """Whether a text in the form of `line` names the concept."""
        return any(f" {name} " in text for name in self.names)

    def member_in(self, text: str) -> bool:
        """Whether a text in the form of `line` names a member of its kind."""
        return any(f" {member} " in text for member in self.members)

    def found_in(self, text: str) -> bool:
        """Whether a text in the form of `line` names the concept or a member."""
        return self.named_in(text) or self.member_in(text)


def line(text: str) -> str:
    """A text as stemmed words with single blanks, so that substring search finds a phrase."""
    return f" {' '.join(stem(word) for word in raw_words(text))} "


def concepts(question: str) -> tuple[Concept, ...]:
    """The concepts of a question, the longest known phrase first; words without content are dropped."""
    rest = line(question)
    found: list[Concept] = []
    for phrase, concept in _VOCABULARY:
        if f" {phrase} " in rest:
            rest = rest.replace(f" {phrase} ", " ")
            if concept not in found:
                found.append(concept)
    plain = (word for word in rest.split() if word not in STOP_WORDS and word not in _GENERIC)
    return (*found, *(Concept((word,)) for word in dict.fromkeys(plain)))


def _vocabulary() -> Iterator[tuple[str, Concept]]:
    for name, members in KINDS.items():
        phrase = line(name).strip()
        yield phrase, Concept((phrase,), tuple(line(member).strip() for member in members))
    for members in SYNONYMS.values():
        phrases = tuple(line(member).strip() for member in members)
        for phrase in phrases:
            yield phrase, Concept(phrases)


_GENERIC: Final = frozenset(stem(word) for word in GENERIC)
_VOCABULARY: Final = tuple(sorted(_vocabulary(), key=lambda pair: -len(pair[0])))
