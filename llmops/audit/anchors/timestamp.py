"""Time stamps (RFC 3161): an authority signs that a checkpoint existed at a time; it receives only a SHA-256.

Requests go only to the given address; redirects are not followed. The response is stored unchanged, so
``openssl ts -verify -data X.checkpoint -in X.tsr -CAfile authority.pem`` checks it too.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.request import HTTPRedirectHandler, Request, build_opener

from cryptography import x509

from llmops.audit.anchors.object_store import NOTE, STAMP, Store, StoredCheckpoint, stem
from llmops.audit.checkpoint import Checkpoint
from llmops.audit.verdict import Finding, ProvenTime, Status
from llmops.errors import AuditWriteError, MissingExtraError, RecipeError

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

_TIMEOUT_S: Final = 30
_LARGEST: Final = 1 << 16
_TYPE: Final = "application/timestamp-query"


def stamp(store: Store, checkpoints: Sequence[Checkpoint], url: str) -> tuple[Checkpoint, ...]:
    """Time stamp the checkpoints that have no time stamp in the store yet, and store both.

    Args:
        store: the store; usually ``timestamps/`` in the audit directory.
        checkpoints: the checkpoints to stamp.
        url: address of the authority.

    Returns:
        The checkpoints that were stamped.

    Raises:
        AuditWriteError: the authority does not answer, refuses, or answers malformed; or the store refuses.
    """
    names = store.names()
    fresh = tuple(checkpoint for checkpoint in checkpoints if stem(checkpoint) + STAMP not in names)
    for checkpoint in fresh:
        token = _request(url, checkpoint.note)
        if stem(checkpoint) + NOTE not in names:
            store.put(stem(checkpoint) + NOTE, checkpoint.note)
        store.put(stem(checkpoint) + STAMP, token)
    return fresh


def load_authorities(path: Path) -> tuple[x509.Certificate, ...]:
    """Load the certificates of a PEM file: of the authority, or of the issuer of its certificate.

    Raises:
        RecipeError: it cannot be read or holds no certificate.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError):
        raise RecipeError("time stamps: the file of the authority holds no certificate in PEM form") from None


def proven_times(
    kept: Iterable[StoredCheckpoint], authorities: Sequence[x509.Certificate]
) -> tuple[tuple[ProvenTime, ...], tuple[Finding, ...]]:
    """Return the times that valid time stamps prove, and a finding for each invalid one.

    Raises:
        MissingExtraError: the extra is not installed.
    """
    answers = [_proven(one, authorities) for one in kept if one.token is not None]
    times = tuple(answer for answer in answers if isinstance(answer, ProvenTime))
    return times, tuple(answer for answer in answers if isinstance(answer, Finding))


def _proven(kept: StoredCheckpoint, authorities: Sequence[x509.Certificate]) -> ProvenTime | Finding:
    """Return the proven time of a checkpoint if its time stamp verifies with the given certificates, else a finding."""
    checkpoint, library = kept.checkpoint, _library()
    try:
        response: TimeStampResponse = library.decode_timestamp_response(kept.token or b"")
        if response.tst_info.message_imprint.message != hashlib.sha256(checkpoint.note).digest():
            return _finding(Status.TAMPERED, checkpoint, "is over something else")
        library.VerifierBuilder(roots=list(authorities)).build().verify_message(response, checkpoint.note)
        moment = response.tst_info.gen_time.astimezone(UTC).isoformat(timespec="seconds")
        anchor = checkpoint.anchor
        return ProvenTime(
            stream=anchor.stream, size=anchor.size, root=anchor.root, at=moment, authority=_signer(response)
        )
    except (library.VerificationError, ValueError):
        return _finding(Status.CANNOT_VERIFY, checkpoint, "does not verify with the certificates given")


def _request(url: str, note: bytes) -> bytes:
    library = _library()
    question = library.TimestampRequestBuilder(data=note, hash_algorithm=library.HashAlgorithm.SHA256).build()
    data = _post(url, question.as_bytes())
    try:
        response: TimeStampResponse = library.decode_timestamp_response(data)
        granted = response.status == library.PKIStatus.GRANTED
        same = response.tst_info.message_imprint.message == question.message_imprint.message
        if granted and same and response.tst_info.nonce == question.nonce:
            return data
    except ValueError:
        pass
    raise AuditWriteError("audit: the time stamp authority refused, or answered something else")


def _post(url: str, data: bytes) -> bytes:
    try:
        request = Request(url, data=data, headers={"Content-Type": _TYPE})  # noqa: S310 - only http(s) is accepted
        with build_opener(_NoRedirects).open(request, timeout=_TIMEOUT_S) as answer:
            return bytes(answer.read(_LARGEST))
    except (OSError, HTTPException, ValueError):
        raise AuditWriteError("audit: the time stamp authority cannot be reached, or did not answer") from None


class _NoRedirects(HTTPRedirectHandler):
    """Send requests only to the given address."""

    def redirect_request(self, *_: Any) -> None:
        """Follow no redirect."""


def _signer(response: "TimeStampResponse") -> str:
    """Return the subject of the signing certificate; call only on a verified response."""
    (info,) = response.signed_data.signer_infos
    certificates = (x509.load_der_x509_certificate(der) for der in response.signed_data.certificates)
    found = (one for one in certificates if (one.issuer, one.serial_number) == (info.issuer, info.serial_number))
    return next(found).subject.rfc4514_string()


def _finding(status: Status, checkpoint: Checkpoint, what: str) -> Finding:
    sentence = f"the time stamp at size {checkpoint.size} {what}"
    return Finding(status=status, stream=checkpoint.stream, what=sentence, end=checkpoint.size)


def _library() -> Any:
    try:
        import rfc3161_client  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError("time stamps need an extra: pip install 'clinical-llmops[timestamp]'") from None
    return rfc3161_client
