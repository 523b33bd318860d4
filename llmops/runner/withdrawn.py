"""Find what a run must not release again, from the register, the output and the ledgers."""

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
    """Folder of the ledgers in a raw zone."""
    return recipe.raw_zone / "ledger"


def taken_back(recipe: Recipe, keys: Keys) -> TakenBack:
    """List all permanent withdrawals: of this output and, from the register, of earlier ones.

    The output's entries under this zone's key are copied to the register, so that they persist when the output is
    moved. Entries under another key are honoured while present: a forged entry can withhold, never release.

    Raises:
        ReleaseError: an entry was altered, or the register cannot be read or uses another key.
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
    """Resolve withdrawals to the records and contents by which documents are matched.

    Args:
        taken: the withdrawals.
        root: the ledgers, which give the content of each document and the others of its record. Without one, the whole
            record is withheld.
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
    """Withhold PHI in a text for every patient; withhold a text on request for one patient only."""
    before = contents.get(key)
    anybody = reason is RevocationReason.PHI_FOUND or not subject or before == frozenset()
    contents[key] = frozenset() if anybody else (before or frozenset()) | {subject}


def _record(document_id: str) -> str:
    return document_id.partition(".")[0]
