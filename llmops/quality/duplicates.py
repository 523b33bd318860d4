"""Find exact and near duplicates among documents of the same patient."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from llmops.documents import Reason
from llmops.quality.similarity import similarity

Item: TypeAlias = tuple[str, str, tuple[int, ...], str]
Found: TypeAlias = dict[str, tuple[Reason, str]]

# 6 lanes per band make 21 bands of 128 lanes: a pair at 0.85 is missed once in 20,000 times.
_BAND_LANES: Final = 6


def find_duplicates(items: Iterable[Item], threshold: float = 0.85) -> Found:
    """Find the documents that repeat an earlier one.

    Only documents of the same subject are compared: the same boilerplate ("no acute disease") about two patients is two
    facts. Documents without a subject are compared among themselves. The first in the order of ``items`` is kept.
    Documents are compared with kept ones only, so that a chain of small changes does not lose its far end.

    Args:
        items: ``(document_id, content_key, signature, subject)`` in a fixed order; an empty key or signature disables
            that kind of comparison.
        threshold: minimum estimated Jaccard similarity of near duplicates.

    Returns:
        For each duplicate, its reason and the id of the document that is kept.
    """
    kept: defaultdict[str, _Kept] = defaultdict(_Kept)
    found: Found = {}
    for document_id, content_key, signature, subject in items:
        answer = kept[subject].match(content_key, signature, threshold)
        if answer is None:
            kept[subject].add(document_id, content_key, signature)
        else:
            found[document_id] = answer
    return found


class _Kept:
    """Kept documents of one subject, indexed by key and by bands of their signature."""

    def __init__(self) -> None:
        self._by_key: dict[str, str] = {}
        self._documents: list[tuple[str, tuple[int, ...]]] = []
        self._by_band: defaultdict[tuple[int, tuple[int, ...]], list[int]] = defaultdict(list)

    def match(self, content_key: str, signature: tuple[int, ...], threshold: float) -> tuple[Reason, str] | None:
        if content_key and content_key in self._by_key:
            return Reason.DUPLICATE, self._by_key[content_key]
        candidates = {at for band in _bands(signature) for at in self._by_band.get(band, ())}
        for at in sorted(candidates):
            document_id, other = self._documents[at]
            if len(other) == len(signature) and similarity(signature, other) >= threshold:
                return Reason.NEAR_DUPLICATE, document_id
        return None

    def add(self, document_id: str, content_key: str, signature: tuple[int, ...]) -> None:
        if content_key:
            self._by_key[content_key] = document_id
        for band in _bands(signature):
            self._by_band[band].append(len(self._documents))
        self._documents.append((document_id, signature))


def _bands(signature: tuple[int, ...]) -> Iterator[tuple[int, tuple[int, ...]]]:
    for at in range(0, len(signature), _BAND_LANES):
        yield at, signature[at : at + _BAND_LANES]
