"""The audit log: what happened to every record, durable, tamper-evident and free of PHI."""

from llmops.audit.checkpoint import Anchor
from llmops.audit.codec import Entry
from llmops.audit.explain import explain
from llmops.audit.log.writer import AuditLog
from llmops.audit.proofs.inclusion import check, prove
from llmops.audit.review import sign_off
from llmops.audit.trail import trail_of
from llmops.audit.verdict import Finding, Status, Verdict
from llmops.audit.verify.directory import verify

__all__ = [
    "Anchor",
    "AuditLog",
    "Entry",
    "Finding",
    "Status",
    "Verdict",
    "check",
    "explain",
    "prove",
    "sign_off",
    "trail_of",
    "verify",
]
