"""The audit log: what happened to every record, durable and tamper-evident, with no PHI in it."""

from llmops.audit.checkpoint import Anchor, Checkpoint
from llmops.audit.codec import Entry
from llmops.audit.explain import Seen, explain, shows
from llmops.audit.keys import (
    AUDIT_KEY_FILE,
    RELEASE_KEY_FILE,
    SigningKey,
    VerifyKey,
    load_or_create_secret,
    load_or_create_signing_key,
    load_verify_key,
)
from llmops.audit.log import AuditLog
from llmops.audit.verdict import Finding, Status, StreamReport, Verdict
from llmops.audit.verify import verify

__all__ = [
    "AUDIT_KEY_FILE",
    "RELEASE_KEY_FILE",
    "Anchor",
    "AuditLog",
    "Checkpoint",
    "Entry",
    "Finding",
    "Seen",
    "SigningKey",
    "Status",
    "StreamReport",
    "Verdict",
    "VerifyKey",
    "explain",
    "load_or_create_secret",
    "load_or_create_signing_key",
    "load_verify_key",
    "shows",
    "verify",
]
