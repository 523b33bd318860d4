"""Fingerprints for duplicate detection: a keyed hash for exact duplicates, a MinHash for near ones."""

import hashlib
import hmac
from typing import Final

from llmops.documents import ClinicalDocument, DeidentifiedDocument, Kind
from llmops.quality.placeholders import without_placeholders, words

LANES: Final = 128
NARRATIVE: Final = frozenset({Kind.NOTE, Kind.REPORT})
_SEED: Final = 20_240_229  # part of the format: signatures with different seeds are not comparable
_SHINGLE: Final = 5
_BODY_WORDS: Final = 8


def content_key(document: ClinicalDocument, key: bytes) -> str:
    """Hash the content that exact duplicates share; keyed, so that guesses cannot be tested. Empty for no content.

    Computed before de-identification: with dates cut to a year, two vaccinations would be equal.

    For notes and reports this is the text, case-folded, with blanks collapsed: the same note sent twice has other ids
    and times. Summaries and genomic documents are rendered from typed values, so time and values count too: two visits
    with the same text are two visits.
    """
    parts = [" ".join(document.text.casefold().split())]
    if document.kind not in NARRATIVE:
        parts += [repr((field.name, field.value, field.unit, field.code)) for field in document.fields]
    if not any(parts):
        return ""
    parts.append("" if document.kind in NARRATIVE else document.time)
    return _keyed(parts, key)


def body_key(document: ClinicalDocument, key: bytes) -> str:
    """The `content_key` of a note or report without its title line.

    A message puts a report's title before the text; a file or table holds the text alone. Empty without a title, or
    where the remaining words are so few that they fit many patients.
    """
    body = document.text.removeprefix(document.title) if document.title else document.text
    if document.kind not in NARRATIVE or body == document.text or len(body.split()) < _BODY_WORDS:
        return ""
    return _keyed([" ".join(body.casefold().split()), ""], key)


def _keyed(parts: list[str], key: bytes) -> str:
    return hmac.new(key, "\0".join(parts).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def document_signature(document: DeidentifiedDocument) -> tuple[int, ...]:
    """The signature of a note or report; empty for other kinds, where a changed number is a different fact."""
    return signature(document.text) if document.kind in NARRATIVE else ()


def signature(text: str) -> tuple[int, ...]:
    """MinHash of a text's five-word shingles, without placeholders and case; empty for a text without words."""
    from rensa import RMinHash  # noqa: PLC0415 - a native library that only the scorer needs

    found = words(without_placeholders(text).casefold())
    if not found:
        return ()
    shingles = {" ".join(found[at : at + _SHINGLE]) for at in range(max(1, len(found) - _SHINGLE + 1))}
    minhash = RMinHash(num_perm=LANES, seed=_SEED)
    minhash.update(sorted(shingles))
    return tuple(minhash.digest())


def similarity(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Estimated Jaccard similarity of two signatures of equal length."""
    return sum(1 for a, b in zip(one, other, strict=True) if a == b) / len(one)
