"""The audit log: what happened to every record, durable and tamper-evident, with no PHI in it."""

from llmops.audit.anchors import newest_anchors
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
from llmops.audit.prove import Proof, check, parse_proof, prove
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
    "Proof",
    "Seen",
    "SigningKey",
    "Status",
    "StreamReport",
    "Verdict",
    "VerifyKey",
    "check",
    "explain",
    "load_or_create_secret",
    "load_or_create_signing_key",
    "load_verify_key",
    "newest_anchors",
    "parse_proof",
    "prove",
    "shows",
    "verify",
]
