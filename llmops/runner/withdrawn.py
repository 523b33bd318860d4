"""What a run may not release again: by the register and the output, told by what the ledgers say of it."""

from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from llmops.errors import ReleaseError
from llmops.pipeline import Place, ledgers
from llmops.recipe import Keys, Recipe, key_folder
from llmops.release import (
    PermanentWithdrawal,
    RevocationReason,
    TakenBack,
    add_to_register,
    permanently_withdrawn,
    read_register,
)
from llmops.release.signing import Trust


def ledger_root(recipe: Recipe) -> Path:
    """Where the ledgers of a raw zone lie."""
    return recipe.raw_zone / "ledger"


def taken_back(recipe: Recipe, keys: Keys) -> TakenBack:
    """Everything that was taken back for good, in this output and, as the register knows, in earlier ones.

    What the output's entries say under this zone's key enters the register, which holds when the output is moved away.
    Entries under another key are honoured while they stand: who forges one can withhold, never release.

    Raises:
        ReleaseError: an entry was changed, or the register cannot be read or is of another key.
    """
    releases, folder = recipe.output / "release", key_folder(recipe)
    standing = permanently_withdrawn(releases)
    try:
        ours = permanently_withdrawn(releases, Trust((keys.release.public,)))
    except ReleaseError:
        ours = frozenset()
    if ours:
        add_to_register(folder, keys.source_ids, ours)
    return withdrawn_of(standing | read_register(folder, keys.source_ids), ledger_root(recipe))


def withdrawn_of(taken: Collection[PermanentWithdrawal], root: Path) -> TakenBack:
    """Say by which records and contents documents are to be known.

    Args:
        taken: what was taken back.
        root: the ledgers, which know what lay beside it in its release, and its content. Where none does, its record is
            held whole.
    """
    records = {_record(one.document) for one in taken}
    if not records:
        return TakenBack()
    names = {one.document for one in taken}
    found: defaultdict[str, list[Place]] = defaultdict(list)
    beside: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for ledger in ledgers(root):
        for place in ledger.places(records):
            found[place.document_id].append(place)
            beside[ledger.release, place.record_id].add(place.document_id)
    spared: dict[str, frozenset[str]] = {}
    contents: dict[str, frozenset[str]] = {}
    for one in taken:
        record = _record(one.document)
        known = frozenset(beside[one.release, record] - names)
        spared[record] = spared.get(record, known) & known
        for place in found[one.document]:
            for key in filter(None, (place.content_key, place.body_key)):
                _hold(contents, key, place.subject, one.reason)
    return TakenBack(spared=spared, contents=contents)


def _hold(contents: dict[str, frozenset[str]], key: str, subject: str, reason: RevocationReason) -> None:
    """PHI in a text is there whoever's note it is; a request is about one patient."""
    before = contents.get(key)
    anybody = reason is RevocationReason.PHI_FOUND or not subject or before == frozenset()
    contents[key] = frozenset() if anybody else (before or frozenset()) | {subject}


def _record(document_id: str) -> str:
    return document_id.partition(".")[0]
