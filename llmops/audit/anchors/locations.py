"""Locations that checkpoints are copied to; each is one string, the same in a recipe and on the command line.

``/mnt/worm/ward4.anchors`` is an append-only file. ``s3://bucket/ward4`` or ``file:///mnt/ward4`` is a store with one
object per checkpoint. ``https://tsa.example/tsr`` is a time stamp authority (RFC 3161).
"""

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from llmops.audit import layout
from llmops.audit.anchors import timestamp
from llmops.audit.anchors.object_store import Store, StoredCheckpoint, add, kept_in
from llmops.audit.checkpoint import ORIGIN, Anchor, Checkpoint, is_torn, parse_checkpoint, split_notes
from llmops.audit.log import disk
from llmops.audit.log.newest import newest_checkpoints
from llmops.errors import AuditVerificationError, MissingExtraError, RecipeError
from llmops.keys import VerifyKey
from llmops.plain_files import PRIVATE_FILE, is_there, read_file

_AUTHORITIES: Final = frozenset({"http", "https"})
# Public time stamp authorities that answer without TLS, which RFC 3161 permits: their responses are signed.
_WITHOUT_TLS: Final = frozenset(
    {
        "freetsa.org",
        "rfc3161timestamp.globalsign.com",
        "time.certum.pl",
        "timestamp.acs.microsoft.com",
        "timestamp.apple.com",
        "timestamp.digicert.com",
        "timestamp.entrust.net",
        "timestamp.globalsign.com",
        "timestamp.identrust.com",
        "timestamp.sectigo.com",
        "ts.ssl.com",
        "tsa.izenpe.com",
        "tsa.quovadisglobal.com",
        "tsa.swisssign.net",
        "zeitstempel.dfn.de",
    }
)
_STORES: Final = frozenset({"file", "s3", "gs", "gcs", "abfs", "abfss", "hdfs", "viewfs"})


def is_authority(place: str) -> bool:
    """Whether a location time stamps checkpoints instead of storing them."""
    return _scheme(place) in _AUTHORITIES


def refuse_plain_http(places: Sequence[str]) -> None:
    """Refuse recipe addresses that begin with ``http:``, except known time stamp authorities.

    A run would send a request in clear text to the named host, long after the recipe was checked.

    Raises:
        RecipeError: an address is refused; names the fix.
    """
    for place in places:
        if _scheme(place) == "http" and urlsplit(place).hostname not in _WITHOUT_TLS:
            raise RecipeError(
                "anchor: an http: address must be that of a public time stamp authority, such as "
                "http://timestamp.digicert.com; use https: for one of your own"
            )


def located(places: str | Sequence[str], base: Path) -> tuple[str, ...]:
    """Check the locations of a recipe and make paths absolute, starting at ``base``.

    Raises:
        RecipeError: a location has no known form, or contains a password.
        MissingExtraError: a location is an authority, and the extra for it is not installed.
    """
    found = (places,) if isinstance(places, str) else tuple(places)
    for place in found:
        _check(place)
    return tuple(place if _scheme(place) else str((base / place).resolve()) for place in found)


def write_anchor(directory: Path, place: str | Path, key: VerifyKey | None = None) -> tuple[Anchor, ...]:
    """Copy the newest checkpoint of each stream to an append-only location, or have an authority time stamp it.

    Use a location that the log's writers cannot write: then a log that is truncated together with its checkpoints no
    longer extends the copies.

    Args:
        directory: the audit directory.
        place: a location from `located`; created if missing.
        key: as in `newest_checkpoints`.

    Returns:
        The new anchors.

    Raises:
        AuditVerificationError: a checkpoint file or the location's content cannot be read or is malformed.
        AuditWriteError: the location cannot be written, or the authority does not answer.
    """
    newest, name = newest_checkpoints(directory, key), str(place)
    if is_authority(name):
        fresh: Sequence[Checkpoint] = timestamp.stamp(
            Store.folder(layout.stamps_folder(directory), mode=0o644), newest, name
        )
    elif store := _store(name):
        fresh = add(store, newest)
    else:
        fresh = _add_to_file(Path(name), newest)
    return tuple(checkpoint.anchor for checkpoint in fresh)


def read_anchors(place: str | Path, prefix: str = "") -> tuple[Anchor, ...]:
    """Read every anchor of a location, for the streams whose names begin with ``prefix``.

    Raises:
        AuditVerificationError: it cannot be read or is malformed.
    """
    return tuple(kept.checkpoint.anchor for kept in read_kept(place, prefix))


def read_notes(place: str | Path) -> tuple[Checkpoint, ...]:
    """Read the checkpoints of a location, of a checkpoint file, or of a file with one note.

    Raises:
        AuditVerificationError: it cannot be read or is malformed.
    """
    return tuple(kept.checkpoint for kept in read_kept(place))


def read_kept(place: str | Path, prefix: str = "") -> tuple[StoredCheckpoint, ...]:
    """Read checkpoints as `read_notes` does, with the time stamps stored beside them.

    Raises:
        AuditVerificationError: it cannot be read or is malformed.
    """
    _check(str(place))
    if is_authority(str(place)):
        raise AuditVerificationError("audit: an authority keeps nothing; name the folder or store of its time stamps")
    if store := _store(str(place)):
        return tuple(kept_in(store, prefix))
    found, _, _ = _read_file(Path(place))
    return tuple(
        StoredCheckpoint(checkpoint=checkpoint) for checkpoint in found if checkpoint.stream.startswith(prefix)
    )


def holds_anything(place: str) -> bool:
    """Whether a location may hold anchors: not a file that was never written, nor an authority."""
    return not is_authority(place) and (_store(place) is not None or is_there(Path(place)))


def _add_to_file(path: Path, newest: Sequence[Checkpoint]) -> list[Checkpoint]:
    if not newest:
        return []
    disk.make_directory(path.parent)
    descriptor = disk.open_locked(path, PRIVATE_FILE)
    try:
        held, whole, torn = _read_file(path)
        if torn:
            disk.write_new(path.with_name(f"{path.name}.torn-{len(whole)}"), torn, PRIVATE_FILE)
            disk.cut(descriptor, len(whole))
        known = {checkpoint.anchor for checkpoint in held}
        fresh = [checkpoint for checkpoint in newest if checkpoint.anchor not in known]
        if fresh:
            gap = b"\n" * (len(whole.rstrip(b"\n")) + 2 - len(whole)) if whole else b""
            disk.append(descriptor, gap + b"".join(checkpoint.note + b"\n" for checkpoint in fresh))
    finally:
        os.close(descriptor)
    return fresh


def _read_file(path: Path) -> tuple[tuple[Checkpoint, ...], bytes, bytes]:
    """Return the checkpoints of a file, its complete bytes, and the torn rest that a crash left.

    Raises:
        AuditVerificationError: it cannot be read, or its end cannot come from a crash.
    """
    try:
        data = read_file(path)
    except OSError:
        raise AuditVerificationError("audit: a file of checkpoints cannot be read") from None
    notes, rest = split_notes(data)
    found = tuple(map(parse_checkpoint, notes))
    if not rest.strip(b"\n"):
        return found, data.removesuffix(rest), rest
    try:  # the last one may lack the empty line after it
        return (*found, parse_checkpoint(rest.rstrip(b"\n") + b"\n")), data, b""
    except AuditVerificationError:
        if not _is_torn(rest):
            raise AuditVerificationError("audit: a file of checkpoints is malformed") from None
    return found, data.removesuffix(rest), rest


def _is_torn(rest: bytes) -> bool:
    """Whether ``rest`` may be the first bytes of a checkpoint of any stream."""
    origin = rest.rstrip(b"\0").partition(b"\n")[0].decode("ascii", "replace")
    return is_torn(rest, origin.removeprefix(ORIGIN))


def _store(place: str) -> Store | None:
    if _scheme(place):
        return Store.at(place)
    return Store.folder(Path(place)) if Path(place).is_dir() else None


def _scheme(place: str) -> str:
    return place.partition("://")[0].lower() if "://" in place else ""


def _check(place: str) -> None:
    scheme = _scheme(place)
    if not place or (scheme and scheme not in _AUTHORITIES | _STORES):
        known = ", ".join(sorted(_AUTHORITIES | _STORES))
        raise RecipeError(f"anchor: neither a path nor an address that begins with one of {known}")
    if scheme and "@" in urlsplit(place).netloc and not scheme.startswith("abfs"):
        raise RecipeError("anchor: no user or password in an address; let the environment of the process hold them")
    if scheme in _AUTHORITIES and importlib.util.find_spec("rfc3161_client") is None:
        raise MissingExtraError("anchor: time stamps need an extra: pip install 'clinical-llmops[timestamp]'")
