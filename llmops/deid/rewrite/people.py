"""Surrogates for people's names: by gender and rough origin, with family and given names kept apart."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from llmops.deid.detect.known.index import tokens_of
from llmops.deid.detect.known.misspelling import edit_distance, edits_allowed
from llmops.deid.folding import fold
from llmops.deid.rewrite.keyed_random import KeyedRandom
from llmops.deid.vocabulary.given_names import GIVEN_NAMES
from llmops.deid.vocabulary.nicknames import NICKNAMES
from llmops.deid.vocabulary.stand_in_people import ORIGINS, origin_of, sex_of
from llmops.identities import Identity, Role

_WORD: Final = re.compile(r"(?:[^\W\d_]{1,2}['\u2019](?=[^\W\d_]{3}))?[^\W\d_]+")
_PREFIX: Final = re.compile(r"^[a-z]{1,2}'")
_TITLES: Final = frozenset(("dr", "mr", "mrs", "ms", "and"))
_PARTICLES: Final = frozenset(
    ("de", "la", "del", "los", "las", "da", "dos", "di", "van", "von", "der", "den", "ter", "bin", "ibn", "el", "y",
     "e")
)  # fmt: skip
_SUFFIXES: Final = frozenset(("jr", "sr", "ii", "iii", "iv", "md", "rn", "np", "phd"))
_SUFFIXES_OR_NAMES: Final = frozenset(("do", "pa"))
_FAMILY_FIRST: Final = re.compile(r"^\s*[^\s,^]+(?:[ -][^\s,^]+)?\s*[,^]")
_LONGEST_INITIALS: Final = 3


class People:
    """Surrogate names for the people around one subject. Holds PHI.

    Args:
        draw: the subject's random draws.
        known: the subject's identities; never reused as surrogates; give sex and correct misspellings. PHI.
    """

    def __init__(self, draw: KeyedRandom, known: Sequence[Identity]) -> None:
        self._draw = draw
        self._given: dict[str, str] = {}
        self._family: set[str] = set()
        for identity in known:
            if identity.role is not Role.ORGANIZATION:
                self._learn(identity)
        self._taken = self._family | self._given.keys()
        self._stand_ins: dict[tuple[str, bool], str] = {}
        for word in sorted(self._family):
            self._assign(word, given=False)
        for word in sorted(self._given):
            self._assign(word, given=True)

    def name(self, surface: str) -> str:
        """Return a name in the form of the surface: order, case, initials, particles and suffixes stay.

        Args:
            surface: a name as written. PHI.
        """
        words = list(_WORD.finditer(surface))
        if not words:
            return self._draw.shaped(surface, 0)
        if self._are_initials(surface, words):
            return self._initials(surface)
        origin = self._origin(match.group() for match in words)
        first_family = _FAMILY_FIRST.match(surface) is not None
        kept = [_is_kept(surface, words, number, self._taken) for number in range(len(words))]
        made, position = [], 0
        for number, match in enumerate(words):
            made.append(surface[position : match.start()])
            family = number == 0 if first_family else _is_last(surface, words, kept, number)
            made.append(match.group() if kept[number] else self._word(match.group(), origin, family=family))
            position = match.end()
        return self._without_digits("".join(made) + surface[position:])

    def login(self, key: str) -> str:
        """Return a lower-case login name."""
        pools = [name for origin in ORIGINS.values() for name in origin.family if name.lower() not in self._taken]
        return self._draw.pick("login", key, [name for name in pools if name.lower() not in key]).lower()

    def _learn(self, identity: Identity) -> None:
        sex = identity.sex.upper()[:1]
        for name in identity.names:
            family, given = _without_particles(tokens_of(name.family)), [t for g in name.given for t in tokens_of(g)]
            whole = _without_particles(_tokens_of_whole(name.text))
            if not family and not given and whole:
                family, given = (whole[:1], whole[1:]) if "," in name.text else (whole[-1:], whole[:-1])
            self._family.update(token for token in family if len(token) > 1)
            for token in given:
                if len(token) > 1 and not self._given.get(token):
                    self._given[token] = sex if sex in {"F", "M"} else sex_of(token)

    def _word(self, word: str, origin: str, *, family: bool) -> str:
        low = _PREFIX.sub("", fold(word).lower())
        if len(word) == 1:
            return self._initial(low) if word.islower() else self._initial(low).upper()
        known = self._canonical(low)
        given = (known in self._given and known not in self._family) or (known not in self._family and not family)
        if known not in self._taken:
            given = known in GIVEN_NAMES or not family
        stand_in = self._stand_ins.get((known, given)) or self._drawn(known, origin, given=given)
        return _cased(word, stand_in)

    def _canonical(self, word: str) -> str:
        """Map a nickname or misspelling to its known name, so that both get the same surrogate."""
        if word in self._taken:
            return word
        for name in sorted(self._taken):
            if word in NICKNAMES.get(name, ()) and name in self._given:
                return name
            if abs(len(word) - len(name)) <= 2 and 0 < edit_distance(word, name) <= edits_allowed(name):
                return name
        return word

    def _assign(self, word: str, *, given: bool) -> None:
        """Draw for a known name a surrogate that no other known name has."""
        used = {stand_in for (_, kind), stand_in in self._stand_ins.items() if kind == given}
        pool = self._pool(origin_of(word), self._given.get(word, ""), given=given, word=word)
        free = [name for name in pool if name not in used] or pool
        self._stand_ins[word, given] = self._draw.pick("given" if given else "family", word, free)

    def _drawn(self, word: str, origin: str, *, given: bool) -> str:
        own = origin_of(word)
        pool = self._pool(own if own != "western" else origin, sex_of(word), given=given, word=word)
        return self._draw.pick("given" if given else "family", word, pool)

    def _pool(self, origin: str, sex: str, *, given: bool, word: str) -> Sequence[str]:
        names = ORIGINS[origin]
        of_sex = {"F": names.female, "M": names.male}.get(sex, names.female + names.male)
        pool = of_sex if given else names.family
        return [name for name in pool if name.lower() not in self._taken and name.lower() != word]

    def _origin(self, words: Iterable[str]) -> str:
        found = (origin_of(fold(word).lower()) for word in words)
        return next((origin for origin in found if origin != "western"), "western")

    def _are_initials(self, surface: str, words: Sequence[re.Match[str]]) -> bool:
        """Distinguish ``pd/jkl`` and ``MQ`` from ``Ng`` and ``NG, HOA``: all short, of one case, no known name."""
        if any(len(m.group()) > _LONGEST_INITIALS for m in words) or "," in surface or "^" in surface:
            return False
        if any(fold(m.group()).lower() in self._taken for m in words):
            return False
        one_case = all(m.group().isupper() or m.group().islower() for m in words)
        return one_case and (len(words) == 1 or not any(c.isspace() for c in surface) or len(surface) <= 4)

    def _initials(self, surface: str) -> str:
        return "".join(
            (self._initial(c.lower()).upper() if c.isupper() else self._initial(c)) if c.isalpha() else c
            for c in self._without_digits(surface)
        )

    def _initial(self, letter: str) -> str:
        """Return the surrogate's initial of the one known name with that initial, else another letter."""
        folded = fold(letter)
        names = {s for (word, _), s in self._stand_ins.items() if word[0] == folded}
        stand_in = names.pop() if len(names) == 1 else ""
        return (
            stand_in[0].lower() if stand_in and stand_in[0].lower() != folded else self._draw.shaped(folded, 0).lower()
        )

    def _without_digits(self, surface: str) -> str:
        return re.sub(r"\d+", lambda match: self._draw.shaped(match.group(), 0), surface)


def _is_last(surface: str, words: Sequence[re.Match[str]], kept: Sequence[bool], number: int) -> bool:
    """Say whether only suffixes, initials or the rest of a double name (``Ortega-Ruiz``) follow."""
    while number + 1 < len(words) and surface[words[number].end() : words[number + 1].start()] == "-":
        number += 1
    behind = range(number + 1, len(words))
    return all(kept[other] or len(words[other].group()) == 1 for other in behind)


def _is_kept(surface: str, words: Sequence[re.Match[str]], number: int, taken: Collection[str]) -> bool:
    """Say whether a word is a title, particle or suffix and no name, as ``Do``, ``Pa`` and ``Van`` can be.

    Kept: particles in lower case inside a capitalised name, suffixes after a name, and ``DO`` and ``PA`` in capitals
    after a full name, set off by a comma or by case.
    """
    word, low = words[number].group(), words[number].group().lower()
    if low in _TITLES:
        return True
    if low in taken:
        return False
    if low in _PARTICLES:
        return word.islower() and number + 1 < len(words) and not surface.islower()
    before = [match.group() for match in words[:number] if match.group().lower() not in _TITLES]
    if low in _SUFFIXES_OR_NAMES:
        behind_comma = surface[: words[number].start()].rstrip().endswith(",")
        return word.isupper() and len(before) > 1 and (behind_comma or not all(map(str.isupper, before)))
    return low in _SUFFIXES and bool(before) and word != "Md"  # Muhammad


def _tokens_of_whole(name: str) -> list[str]:
    words = list(_WORD.finditer(name))
    kept = [match.group() for number, match in enumerate(words) if _is_kept(name, words, number, ())]
    return [token for token in tokens_of(name) if token not in set(map(str.lower, kept))]


def _without_particles(tokens: Sequence[str]) -> list[str]:
    """Drop ``de la``, unless nothing else is left: ``Van`` alone is a name."""
    return [token for token in tokens if token not in _PARTICLES] or list(tokens)


def _cased(old: str, new: str) -> str:
    if old.isupper():
        return new.upper()
    return new.lower() if old.islower() else new
