"""Find the vault's known identifiers of a document's subject, in every form a note may write them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from llmops.deid.detect.known.index import STRONG_LENGTH, TOKEN, build_index, is_word
from llmops.deid.detect.known.misspelling import deletions, edit_distance, edits_allowed
from llmops.deid.spans import Span, View
from llmops.deid.vocabulary import word_set
from llmops.deid.vocabulary.words import EPONYMS
from llmops.identities import Identity
from llmops.phi import PhiLabel

RECOGNIZER: Final = "known_identifier"
CERTAIN: Final = 0.98
"""Score from which a finding is certainly the subject's identifier, so that the exit gate may rely on it."""

_JOINT: Final = re.compile(r"[-./,()' #+_@^:\n]{0,3}")
_BROKEN: Final = re.compile(r"-?[ \t]*\n[ \t]*|[ \t]*\|[ \t]*")
"""A line end or table cell border that splits a word, optionally after a hyphen."""
_LONGEST_NUMBER: Final = 10
"""Maximum tokens of a split identifier or number."""
_MOST_EDITS: Final = 2
_TELLING_WORDS: Final = 3
_NOT_INITIALS: Final = word_set("not_initials")
_TITLE: Final = re.compile(
    r"(?i)\b(?:mr|mrs|ms|miss|mx|dr|prof|nurse|sr|fr|rev|son|daughter|wife|husband|mother|father|mom|dad|sister|"
    r"brother|aunt|uncle|niece|nephew|spouse|partner|friend|neighbor|named|called|dear)\.?[ \t]{1,2}\Z"
)
_PERSON_BEFORE: Final = re.compile(
    r"(?i)(?:\b(?:patient|pt|name|client|resident|attn|cc|re|spoke (?:to|with)|discussed with|saw|met with|per|by|and|"
    r"from|to|with|rn|md|initials|signed)\.?[ \t]?[:,]?[ \t]{0,3}|[(\"/,])\Z"
)
_LABELLED: Final = re.compile(r"(?i)\b(?:patient|pt|name|client|resident|attn|cc|initials)[ \t]?:[ \t]{0,3}\Z")
_SPOKEN_OF: Final = re.compile(
    r"'s\b|[ \t](?:says|said|states|stated|reports|reported|denies|denied|was|is|has|had|called|came|lives|wants|"
    r"feels|felt|tolerated|presented|presents|endorses|agrees|agreed|notes|noted|underwent|returns|returned)\b"
)
_PLACE_BEFORE: Final = re.compile(r"(?i)\b(?:in|from|of|near|to|at|outside|city|town)[ \t]?:?[ \t]\Z")
_PLACE_AFTER: Final = re.compile(r",?[ \t][A-Z]{2}\b")
_NUMBER_BEFORE: Final = re.compile(
    r"(?i)\b(?:mrn|mr ?#|chart|record|medical record|acct|account|member|id|ssn|social|ending(?: in)?|last ?4|"
    r"last four|x{3}-x{2}-|\*{3}-\*{2}-)[ \t]?(?:no|num|number|#|is)?\.?[ \t]?[:#=]{0,2}[ \t]{0,3}0{0,9}\Z"
)


class _Token(NamedTuple):
    word: str
    start: int
    end: int


class Survivors(NamedTuple):
    """Counts of a subject's identifiers left in a text.

    Args:
        certain: certain identifiers.
        likely: possible ones: misspelt names, weak words in a person context, initials.
    """

    certain: int
    likely: int


class KnownMatcher:
    """Look up a text's tokens in one subject's index; linear in the text. Holds PHI.

    Strong words (long, no dictionary word) match anywhere, also misspelt; weak ones (``May``, ``Will``, ``An``) only if
    the context indicates a person, or beside another name of the same people.

    Args:
        known: identities of the subject and related people. PHI.
    """

    def __init__(self, known: Sequence[Identity]) -> None:
        self._index = build_index(known)
        self._lengths: dict[str, set[int]] = {}
        for tokens in self._index.sequences:
            self._lengths.setdefault(tokens[0], set()).add(len(tokens))
        self._joined = frozenset(number[:end] for number in self._index.joined for end in range(len(number) + 1))
        self._near_lengths = frozenset(
            len(name) + edits
            for name in self._index.strong
            if name in self._index.near
            for edits in range(-edits_allowed(name), edits_allowed(name) + 1)
        )
        self._foreign = {label: _foreign_pattern(self._index.foreign, label) for label in self._index.foreign.values()}
        self._names = self._index.given | self._index.family
        self._is_near = lru_cache(maxsize=4096)(self._near)  # each text is scanned twice, and words repeat

    def find(self, view: View) -> list[Span]:
        """Find every known identifier in a view."""
        folded = view.folded
        tokens = [_Token(m.group().lower(), m.start(), m.end()) for m in TOKEN.finditer(folded)]
        spans = [*self._words(folded, tokens), *self._broken(folded, tokens)]
        names, lengths, joined = self._names, self._lengths, self._joined
        for number, (word, _, _) in enumerate(tokens):
            if word in names or len(word) == 1:
                spans.extend(self._pair_at(folded, tokens, number))
            if word in lengths or word.lstrip("0") in joined:
                spans.extend(self._sequence_at(folded, tokens, number))
        for label, pattern in self._foreign.items():
            spans.extend(_span(*match.span(), label, 0.99) for match in pattern.finditer(view.text))
        return spans

    def survivors(self, view: View, allowed: frozenset[PhiLabel] = frozenset()) -> Survivors:
        """Count the subject's identifiers in a text that is about to leave.

        Unlike `find`, also counts numbers inside longer runs (``x0041772699``).

        Args:
            view: the text. PHI.
            allowed: labels the policy may keep.
        """
        found = self.find(view)
        certain = sum(1 for span in found if span.score >= CERTAIN and span.label not in allowed)
        runs = re.findall(r"\d{8,}", view.folded)
        certain += sum(1 for run in runs for number in self._index.written if number in run)
        return Survivors(certain, sum(1 for span in found if span.score < CERTAIN))

    def _broken(self, folded: str, tokens: Sequence[_Token]) -> Iterator[Span]:
        """Find strong words split by a line end or cell border."""
        strong = self._index.strong
        for first, second in pairwise(tokens):
            whole = first.word + second.word
            if whole in strong and _BROKEN.fullmatch(folded, first.end, second.start):
                yield _span(first.start, second.end, strong[whole], 0.99)

    def _words(self, folded: str, tokens: Sequence[_Token]) -> Iterator[Span]:
        """Check each token on its own."""
        for word, start, end in tokens:
            answer = self._judged(word, folded, start, end)
            if answer is not None:
                yield _span(start, end, *answer)

    def _judged(self, word: str, folded: str, start: int, end: int) -> tuple[PhiLabel, float] | None:
        index = self._index
        if word in index.strong:
            return index.strong[word], 0.99
        if word[0].isdigit():
            known = index.short.get(word.lstrip("0"))
            cue = known is not None and _NUMBER_BEFORE.search(folded, max(0, start - 32), start)
            return (known, CERTAIN) if known is not None and cue else None
        capital = folded[start].isupper()
        if word in index.capital and (capital or _TITLE.search(folded, max(0, start - 14), start)):
            shouted = len(word) == 3 and folded[start:end].isupper()
            return None if shouted and not _is_person(folded, start, end) else (index.capital[word], 0.95)
        if word in index.weak and _weak_fits(index.weak[word], word, folded, start, end):
            return index.weak[word], 0.9
        if folded[start:end] in index.initials and _is_initials(word, folded, start, end):
            return PhiLabel.NAME, 0.7
        near = self._misspelt(word, capital=capital)
        return (PhiLabel.NAME, 0.85) if near else None

    def _misspelt(self, word: str, *, capital: bool) -> bool:
        """Say whether a non-dictionary word is within the allowed edit distance of a strong name."""
        if len(word) not in self._near_lengths:  # a base sequence is no name, and would cost cubic time
            return False
        return (capital or len(word) > STRONG_LENGTH) and not is_word(word) and self._is_near(word)

    def _near(self, word: str) -> bool:
        depth = _MOST_EDITS if len(word) >= 7 else 1
        near = self._index.near
        names = {name for form in deletions(word, depth) for name in near.get(form, ())}
        return any(edit_distance(word, name) <= edits_allowed(name) for name in names)

    def _pair_at(self, folded: str, tokens: Sequence[_Token], first: int) -> Iterator[Span]:
        """Find adjacent given and family name, in either order, with an initial between or as one of them."""
        token = tokens[first]
        second = first + 1
        if second < len(tokens) and len(tokens[second].word) == 1 and len(token.word) > 1:
            second += 1
        if second >= len(tokens) or not self._are_one(folded, token, tokens[second]):
            return
        other = tokens[second]
        if not _are_joined(folded, tokens[first : second + 1]):
            return
        proper = folded[token.start].isupper() and folded[other.start].isupper()
        words = is_word(token.word) and is_word(other.word)
        if token.word != other.word and (proper or not words):
            yield _span(token.start, other.end, PhiLabel.NAME, 0.99 if proper else 0.95)

    def _are_one(self, folded: str, token: _Token, other: _Token) -> bool:
        """Say whether one token is a known person's given name or initial and the other the family name."""
        index = self._index
        if len(token.word) == 1 and token.word.isalpha() and folded[token.start].isupper():
            return other.word in index.family and any(name[0] == token.word for name in index.given)
        return (token.word in index.given and other.word in index.family) or (
            token.word in index.family and other.word in index.given
        )

    def _sequence_at(self, folded: str, tokens: Sequence[_Token], first: int) -> Iterator[Span]:
        """Match the longest known token run from ``first``, as ordered words or as one joined number."""
        index = self._index
        lengths = self._lengths.get(tokens[first].word, set())
        joined, best = "", None
        for number in range(first, min(first + max({_LONGEST_NUMBER, *lengths}), len(tokens))):
            if number > first and not _are_joined(folded, tokens[number - 1 : number + 1]):
                break
            label = None
            if number - first < _LONGEST_NUMBER:
                joined += tokens[number].word
                label = index.joined.get(joined.lstrip("0"))
                if not lengths and joined.lstrip("0") not in self._joined:
                    break
            if label is None and number - first + 1 in lengths:
                label = self._known_run(folded, tokens[first : number + 1])
            if label is not None:
                best = (tokens[number].end, label)
            elif not lengths and not any(c.isdigit() for c in joined) and number - first >= 2:
                break
        if best is not None:
            yield _span(tokens[first].start, best[0], best[1], 0.99)

    def _known_run(self, folded: str, run: Sequence[_Token]) -> PhiLabel | None:
        """Look up a run; a short or all-dictionary-word run must be capitalised."""
        label = self._index.sequences.get(tuple(token.word for token in run))
        if label is PhiLabel.ORG or label is PhiLabel.LOC:
            words = [token for token in run if token.word.isalpha()]
            plain = all(is_word(token.word) for token in words) and not any(t.word.isdigit() for t in run)
            short = label is PhiLabel.ORG and len(run) < _TELLING_WORDS
            if (plain or short) and not all(folded[t.start].isupper() for t in words if len(t.word) > 3):
                return None
        return label


def _foreign_pattern(foreign: Mapping[str, PhiLabel], label: PhiLabel) -> re.Pattern[str]:
    """Require word boundaries for alphabets with capitals (Greek, Cyrillic); other scripts run words together."""
    written = sorted((text for text, kind in foreign.items() if kind is label), key=len, reverse=True)
    forms = (rf"\b{re.escape(text)}\b" if text.lower() != text.upper() else re.escape(text) for text in written)
    return re.compile("(?i)" + "|".join(forms))


def _span(start: int, end: int, label: PhiLabel, score: float) -> Span:
    return Span(start=start, end=end, label=label, score=score, recognizer=RECOGNIZER)


def _are_joined(folded: str, tokens: Sequence[_Token]) -> bool:
    return all(_JOINT.fullmatch(folded, before.end, after.start) is not None for before, after in pairwise(tokens))


def _weak_fits(label: PhiLabel, word: str, folded: str, start: int, end: int) -> bool:
    if label is PhiLabel.LOC:
        before = folded[max(0, start - 12) : start]
        return folded[start].isupper() and bool(_PLACE_BEFORE.search(before) or _PLACE_AFTER.match(folded, end))
    if _TITLE.search(folded, max(0, start - 14), start):
        return True
    if not folded[start].isupper():
        return False
    if is_word(word):
        return _LABELLED.search(folded, max(0, start - 14), start) is not None or _is_spoken_of(folded, start, end)
    return _is_person(folded, start, end)


def _is_spoken_of(folded: str, start: int, end: int) -> bool:
    """Require a verb with a person as subject, and no preceding word that explains the capital."""
    spoken = _SPOKEN_OF.match(folded, end)
    return spoken is not None and not folded[start:end].isupper() and not _names_a_disease(folded, start, end)


def _names_a_disease(folded: str, start: int, end: int) -> bool:
    """Say whether the name is part of a disease name, such as ``Parkinson's``."""
    return folded[end : end + 2] == "'s" and folded[start:end].lower() in EPONYMS


def _is_initials(word: str, folded: str, start: int, end: int) -> bool:
    """Accept initials only where a person signs or is named: after a cue word, or alone at a line end."""
    if word in _NOT_INITIALS:
        return False
    last = not folded[end : end + 40].split("\n", 1)[0].strip(" .\t")
    alone = last and folded[max(0, start - 2) : start].strip() in {"", "-", "/", "~"}
    return alone or _PERSON_BEFORE.search(folded, max(0, start - 20), start) is not None


def _is_person(folded: str, start: int, end: int) -> bool:
    before = folded[max(0, start - 20) : start]
    line_start = not before.rsplit("\n", 1)[-1].strip()
    return (
        line_start
        or _TITLE.search(before) is not None
        or _PERSON_BEFORE.search(before) is not None
        or folded[end : end + 1] == ","
        or _is_spoken_of(folded, start, end)
    )
