"""Final check of normalised parts: every string can be encoded."""

from dataclasses import fields, is_dataclass, replace
from typing import Any, Final, TypeVar

from llmops.documents import AlignSegment, ClinicalDocument, Section, Withheld
from llmops.identities import Identity
from llmops.normalize.text.cleaning import replace_lone_surrogates

_Part = TypeVar("_Part", ClinicalDocument | Withheld, Identity)
_WITHOUT_TEXT: Final = (AlignSegment, Section)
"""Types whose strings are our own, skipped because a document has thousands of them."""


def encodable(part: _Part) -> _Part:
    """Replace every lone surrogate in any string of a document or identity by U+FFFD; a document counts them.

    One left in a title or number would stop the release writer, and with it the run.

    Args:
        part: output of a format module. PHI.
    """
    mended, lone = _mended(part)
    if not lone:
        return part
    if isinstance(mended, ClinicalDocument):
        changes = dict(mended.provenance.changes)
        changes["lone_surrogate"] = changes.get("lone_surrogate", 0) + lone
        mended = replace(mended, provenance=replace(mended.provenance, changes=tuple(sorted(changes.items()))))
    return mended  # type: ignore[no-any-return]  # the same type as `part`, with other strings


def _mended(value: Any) -> tuple[Any, int]:
    """Return the value and its number of replaced surrogates; the same object if there were none."""
    if isinstance(value, str):
        return replace_lone_surrogates(value)
    if isinstance(value, tuple):
        if value and isinstance(value[0], _WITHOUT_TEXT):
            return value, 0
        items = [_mended(item) for item in value]
        lone = sum(count for _, count in items)
        return (tuple(item for item, _ in items), lone) if lone else (value, 0)
    if not is_dataclass(value) or isinstance(value, type):
        return value, 0
    parts = {field.name: _mended(getattr(value, field.name)) for field in fields(value)}
    changed = {name: mended for name, (mended, count) in parts.items() if count}
    return (replace(value, **changed), sum(count for _, count in parts.values())) if changed else (value, 0)
