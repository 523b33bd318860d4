"""Draw person names as hospitals see them: by census frequency, of many origins, and names that are words."""

import random
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from llmops.deid.vocabulary.words import COMMON_WORDS, EPONYMS, MONTH_WORDS
from training.lists import listed, weighted

_CENSUS, _DIVERSE, _WORDS, _EPONYM = 0.46, 0.25, 0.17, 0.12
_EVENED: Final = 0.6
"""Power applied to census frequencies: otherwise 1 % of names would be Smith, and most names never drawn."""
_NO_NAMES: Final = MONTH_WORDS | frozenset(
    ("arms", "back", "best", "blood", "bone", "bones", "child", "day", "doctor", "early", "foot", "friend", "good",
     "hair", "hand", "head", "heart", "late", "light", "major", "man", "nurse", "pain", "post", "self", "short",
     "small", "weeks", "will")
)  # fmt: skip
"""Words too frequent in notes in another sense to indicate their class."""
_OF_NOTES: Final = 0.3
"""Share of all name words that come from the notes or are generated, whatever the mix."""


def _weights(counts: dict[str, int]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    return tuple(counts), tuple(accumulate(count**_EVENED for count in counts.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Name distribution for re-filling marks.

    One name in 8 has the family name of an eponym, so that a surface alone never identifies a disease.
    """

    given: tuple[tuple[str, ...], tuple[float, ...]] = field(repr=False)
    family: tuple[tuple[str, ...], tuple[float, ...]] = field(repr=False)
    diverse_given: tuple[str, ...] = field(default=listed("given_names"), repr=False)
    diverse_family: tuple[str, ...] = field(default=listed("family_names"), repr=False)
    word_given: tuple[str, ...] = field(default=listed("word_given"), repr=False)
    word_family: tuple[str, ...] = field(default=listed("word_family"), repr=False)
    eponyms: tuple[str, ...] = field(
        default=tuple(sorted(word.capitalize() for word in EPONYMS if word.isalpha())), repr=False
    )

    @classmethod
    def listed(cls) -> "People":
        """Read the lists of the training package."""
        return cls(given=_weights(weighted("census_given")), family=_weights(weighted("census_family")))

    def words(self, rng: random.Random) -> tuple[str, str] | None:
        """Draw a given and a family name of one kind; None if the name is to come from the notes."""
        if rng.random() < _OF_NOTES:
            return None
        kind = rng.choices(range(4), (_CENSUS, _DIVERSE, _WORDS, _EPONYM))[0]
        if kind == 1:
            return rng.choice(self.diverse_given), rng.choice(self.diverse_family)
        common = _drawn(self.given, rng), _drawn(self.family, rng)
        if kind == 2:
            drawn = rng.choice(self.word_given), rng.choice(self.word_family)
            which = rng.random()
            return drawn if which < 0.5 else (common[0], drawn[1]) if which < 0.85 else (drawn[0], common[1])
        return (common[0], rng.choice(self.eponyms)) if kind == 3 else common


def _drawn(names: tuple[tuple[str, ...], tuple[float, ...]], rng: random.Random) -> str:
    words, weights = names
    return rng.choices(words, cum_weights=weights)[0]


def name_classes() -> dict[str, str]:
    """Return the class of each name word, lower case: given, family or both, and plain or not.

    Counts by class weigh a name like Smith (person or fracture) by its class, not by the choices of the notes' writers.
    """
    words = {w.lower() for w in (*listed("word_given"), *listed("word_family"))}
    given = {w.lower() for w in (*weighted("census_given"), *listed("given_names"), *listed("word_given"))}
    family = {w.lower() for w in (*weighted("census_family"), *listed("family_names"), *listed("word_family"))}
    family |= {word for word in EPONYMS if word.isalpha()}
    return {
        word: f"<{'given' if word in given else ''}{'family' if word in family else ''}"
        f"{' plain' if word in COMMON_WORDS else ''}>"
        for word in sorted((given | family) - _NO_NAMES - (COMMON_WORDS - words))
    }
