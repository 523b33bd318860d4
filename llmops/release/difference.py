"""Compare two opened releases by document ids and text digests; no text is read or returned."""

from collections import Counter
from dataclasses import dataclass

from llmops.release.manifest import Content
from llmops.release.reader import Release


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Changes from the first to the second of two releases. Ids are sorted; tombstoned documents count as absent.

    Args:
        rules: ``(what, before, after)`` of each policy, recipe digest, model or code version that differs.
        counts: ``(name, before, after)`` of each count that differs; None if one side has no such count.
        added, removed: documents only in the second, only in the first.
        changed: documents with another text, or another version of a record in both.
        same: number of documents in both with the same text.
    """

    rules: tuple[tuple[str, str, str], ...]
    counts: tuple[tuple[str, int | None, int | None], ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    same: int

    @property
    def is_empty(self) -> bool:
        """Whether both hold the same documents, made by the same rules."""
        return not (self.rules or self.added or self.removed or self.changed)


def compare(before: Release, after: Release) -> Difference:
    """Compare two releases.

    Raises:
        ReleaseError: one of them no longer verifies or is revoked.
    """
    old, new = _digests(before), _digests(after)
    both = old.keys() & new.keys()
    gone, come = sorted(old.keys() - both), sorted(new.keys() - both)
    edited = Counter(map(_record, gone)) & Counter(map(_record, come))
    changed = sorted([*(one for one in both if old[one] != new[one]), *_taken(come, edited)])
    old_counts, new_counts = dict(before.manifest.counts), dict(after.manifest.counts)
    return Difference(
        rules=_other(_rules(before.manifest.content), _rules(after.manifest.content)),
        counts=tuple(
            (name, old_counts.get(name), new_counts.get(name))
            for name in sorted(old_counts.keys() | new_counts.keys())
            if old_counts.get(name) != new_counts.get(name)
        ),
        added=tuple(sorted(set(come) - set(changed))),
        removed=tuple(sorted(set(gone) - set(_taken(gone, edited)))),
        changed=tuple(changed),
        same=sum(old[one] == new[one] for one in both),
    )


def _record(document_id: str) -> str:
    return document_id.partition(".")[0]


def _taken(ids: list[str], edited: Counter[str]) -> list[str]:
    """Return the first ids of each record, one per edit of it."""
    left = Counter(edited)
    taken = []
    for document_id in ids:
        if left[_record(document_id)]:
            left[_record(document_id)] -= 1
            taken.append(document_id)
    return taken


def _digests(release: Release) -> dict[str, str]:
    return {
        document_id: text
        for batch in release.batches()
        for document_id, text in zip(batch["document_id"].to_pylist(), batch["text_sha256"].to_pylist(), strict=True)
    }


def _rules(content: Content) -> dict[str, str]:
    named = {name: getattr(content, name) for name in _RULES}
    return named | {f"model {name}": digest for name, digest in content.models}


def _other(before: dict[str, str], after: dict[str, str]) -> tuple[tuple[str, str, str], ...]:
    names = sorted(before.keys() | after.keys())
    pairs = ((name, before.get(name, ""), after.get(name, "")) for name in names)
    return tuple((name, old, new) for name, old, new in pairs if old != new)


_RULES = ("policy_id", "recipe_digest", "quality_policy_digest", "gate_policy_digest", "code_version")
