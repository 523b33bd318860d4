"""Approval of a re-identification: signed by two people, for one purpose, for a short time, used once."""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

from llmops.errors import RecipeError
from llmops.keys import SigningKey, VerifyKey, parse_vkey

APPROVERS: Final = 2
LONGEST_HOURS: Final = 72
_FORMAT: Final = "llmops-vault-approval/1"
_HOUR_MS: Final = 3_600_000
_LARGEST_FILE: Final = 4096


class Purpose(StrEnum):
    """Purpose of a re-identification: a closed list, without free text."""

    TREATMENT = "treatment"
    PATIENT_SAFETY = "patient_safety"
    INCIDENTAL_FINDING = "incidental_finding"
    DATA_CORRECTION = "data_correction"
    PATIENT_REQUEST = "patient_request"
    REQUIRED_BY_LAW = "required_by_law"


class Refusal(StrEnum):
    """Reason for refusing a re-identification, as written to the audit log."""

    NO_PURPOSE = "no_purpose"
    NO_SUBJECT = "no_subject"
    NO_APPROVERS = "no_approvers"
    NOT_TWO = "not_two_approvals"
    MALFORMED = "malformed_approval"
    UNLISTED_KEY = "unlisted_key"
    ALTERED = "altered_approval"
    OTHER_REQUEST = "other_request"
    NOT_NOW = "not_valid_now"
    USED = "used_before"
    TOO_MANY = "too_many_a_day"


class RefusedError(RecipeError):
    """Raised when a re-identification is refused; ``why`` is the reason for the log."""

    def __init__(self, why: Refusal, message: str) -> None:
        super().__init__(message)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request to re-identify a subject.

    Args:
        vault: id of the vault, as in its status.
        pseudonym: the subject.
        purpose: the purpose.
    """

    vault: str
    pseudonym: str
    purpose: Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Two valid approvals of a request: fingerprints of the approvers, and the marks that record their use."""

    approvers: tuple[str, ...]
    marks: tuple[bytes, ...]


def purpose_of(code: str) -> Purpose:
    """Return the purpose with a code.

    Raises:
        RefusedError: no such purpose; the message lists them.
    """
    try:
        return Purpose(code)
    except ValueError:
        raise RefusedError(Refusal.NO_PURPOSE, f"purpose: one of {', '.join(Purpose)} must be given") from None


def approve(request: Request, signer: SigningKey, *, now_ms: int, hours: int = 24) -> bytes:
    """Create the approval file of one key holder.

    Args:
        now_ms: UTC milliseconds since 1970.
        hours: validity in hours, at most 72.

    Raises:
        RecipeError: ``hours`` out of range.
    """
    if not 1 <= hours <= LONGEST_HOURS:
        raise RecipeError(f"approval: hours must be from 1 to {LONGEST_HOURS}")
    said = {"format": _FORMAT, **asdict(request), "from_ms": now_ms, "until_ms": now_ms + hours * _HOUR_MS}
    body = json.dumps(said, sort_keys=True).encode("ascii")
    signature = base64.b64encode(signer.sign(_signed(body)))
    return b"\n".join((body, signer.public.vkey.encode("ascii"), signature, b""))


def check_approvals(
    request: Request, files: Sequence[bytes], approvers: Sequence[VerifyKey], *, now_ms: int
) -> Approval:
    """Check that two different key holders approve exactly this request, and that both approvals are valid now.

    Args:
        files: two approval files.
        approvers: the keys that the vault's policy lists.

    Raises:
        RefusedError: an approval is missing or not valid; the message says why.
    """
    if len({key.raw for key in approvers}) < APPROVERS:
        raise RefusedError(
            Refusal.NO_APPROVERS, f"vault.approvers: name the public keys of at least {APPROVERS} different people"
        )
    keys = [_approver(request, data, approvers, now_ms) for data in files]
    if len(files) != APPROVERS or len({key.raw for key in keys}) != APPROVERS:
        raise RefusedError(Refusal.NOT_TWO, f"approval: {APPROVERS} files of {APPROVERS} different people are needed")
    return Approval(
        approvers=tuple(sorted(key.fingerprint for key in keys)),
        marks=tuple(
            hashlib.sha256(data.partition(b"\n")[0] + key.raw).digest() for data, key in zip(files, keys, strict=True)
        ),
    )


def _approver(request: Request, data: bytes, approvers: Sequence[VerifyKey], now_ms: int) -> VerifyKey:
    problem = RefusedError(Refusal.MALFORMED, "approval: not a file that 'llmops vault approve' made")
    if len(data) > _LARGEST_FILE:
        raise problem
    try:
        body, vkey, signature, rest = data.split(b"\n")
        named, said = parse_vkey(vkey.decode("ascii")), json.loads(body)
        signed = base64.b64decode(signature, validate=True)
        start, end = int(said.pop("from_ms")), int(said.pop("until_ms"))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, RecipeError):
        raise problem from None
    key = next((key for key in approvers if key.raw == named.raw), None)
    if rest or key is None:
        raise RefusedError(Refusal.UNLISTED_KEY, "approval: signed by a key that vault.approvers does not list")
    if not key.verify(_signed(body), signed):
        raise RefusedError(Refusal.ALTERED, "approval: changed after it was signed")
    if said != {"format": _FORMAT, **asdict(request)}:
        raise RefusedError(Refusal.OTHER_REQUEST, "approval: for another vault, subject or purpose")
    if not start <= now_ms < end <= start + LONGEST_HOURS * _HOUR_MS:
        raise RefusedError(Refusal.NOT_NOW, "approval: not valid at this time; ask for a new one")
    return key


def _signed(body: bytes) -> bytes:
    return _FORMAT.encode("ascii") + b"\n" + body
