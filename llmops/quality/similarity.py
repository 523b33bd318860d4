"""What two documents are compared by: a keyed hash for exact duplicates and a MinHash for near ones."""

import hashlib
import hmac
from typing import Final

from llmops.documents import ClinicalDocument, DeidentifiedDocument, Kind
from llmops.quality.placeholders import without_placeholders, words

LANES: Final = 128
NARRATIVE: Final = frozenset({Kind.NOTE, Kind.REPORT})
_SEED: Final = 20_240_229  # part of the format: signatures of different seeds cannot be compared
_SHINGLE: Final = 5
_BODY_WORDS: Final = 8


def content_key(document: ClinicalDocument, key: bytes) -> str:
    """Hash what makes a document another's exact duplicate; keyed, so that no guess can be tested. Empty for nothing.

    Of the document as it was before de-identification: with dates cut to a year, two vaccinations would be one.

    For notes and reports that is the text, case-folded, with blanks made one: the same note sent twice has other ids
    and times. Summaries and genomic documents are rendered from typed values, so time and values count too: two visits
    that read alike are two visits.
    """
    parts = [" ".join(document.text.casefold().split())]
    if document.kind not in NARRATIVE:
        parts += [repr((field.name, field.value, field.unit, field.code)) for field in document.fields]
    if not any(parts):
        return ""
    parts.append("" if document.kind in NARRATIVE else document.time)
    return _keyed(parts, key)


def body_key(document: ClinicalDocument, key: bytes) -> str:
    """The `content_key` that a note or report would have without the title at its head.

    A message puts the title of a report before the text that a file or table holds without it. Empty where no title
    stands there, or so few words are behind it that they say the same about many patients.
    """
    body = document.text.removeprefix(document.title) if document.title else document.text
    if document.kind not in NARRATIVE or body == document.text or len(body.split()) < _BODY_WORDS:
        return ""
    return _keyed([" ".join(body.casefold().split()), ""], key)


def _keyed(parts: list[str], key: bytes) -> str:
    return hmac.new(key, "\0".join(parts).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def document_signature(document: DeidentifiedDocument) -> tuple[int, ...]:
    """The signature of a note or report; empty for other kinds, where a changed number is another fact."""
    return signature(document.text) if document.kind in NARRATIVE else ()


def signature(text: str) -> tuple[int, ...]:
    """MinHash of the five-word shingles of a text, placeholders and case left out; empty for a text without words."""
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
