"""The audit log: what happened to every record, durable and tamper-evident, with no PHI in it."""

from llmops.audit.anchors import newest_anchors
from llmops.audit.artifacts import check_artifacts
from llmops.audit.checkpoint import Anchor, Checkpoint
from llmops.audit.codec import Entry
from llmops.audit.consistency import Growth, grown, growths_to_json, parse_growths
from llmops.audit.events import ReviewReason
from llmops.audit.explain import Seen, explain, shows
from llmops.audit.history import beating, seal_readers, tie_into_run, tie_streams
from llmops.audit.keys import (
    AUDIT_KEY_FILE,
    RELEASE_KEY_FILE,
    SigningKey,
    VerifyKey,
    load_or_create_secret,
    load_or_create_signing_key,
    load_signing_key,
    load_verify_key,
)
from llmops.audit.layout import READER
from llmops.audit.log import AuditLog, published_keys
from llmops.audit.object_store import Kept
from llmops.audit.places import read_anchors, read_kept, read_notes, write_anchor
from llmops.audit.prove import Proof, check, find_event, parse_proof, prove
from llmops.audit.receipts import Stated, unreleased
from llmops.audit.review import Stretch, sign_off, stretch, stretches
from llmops.audit.story import Story, tell
from llmops.audit.timestamp import load_authorities
from llmops.audit.verdict import Finding, ProvenTime, Status, StreamReport, Verdict
from llmops.audit.verify import verify

__all__ = [
    "AUDIT_KEY_FILE",
    "READER",
    "RELEASE_KEY_FILE",
    "Anchor",
    "AuditLog",
    "Checkpoint",
    "Entry",
    "Finding",
    "Growth",
    "Kept",
    "Proof",
    "ProvenTime",
    "ReviewReason",
    "Seen",
    "SigningKey",
    "Stated",
    "Status",
    "Story",
    "StreamReport",
    "Stretch",
    "Verdict",
    "VerifyKey",
    "beating",
    "check",
    "check_artifacts",
    "explain",
    "find_event",
    "grown",
    "growths_to_json",
    "load_authorities",
    "load_or_create_secret",
    "load_or_create_signing_key",
    "load_signing_key",
    "load_verify_key",
    "newest_anchors",
    "parse_growths",
    "parse_proof",
    "prove",
    "published_keys",
    "read_anchors",
    "read_kept",
    "read_notes",
    "seal_readers",
    "shows",
    "sign_off",
    "stretch",
    "stretches",
    "tell",
    "tie_into_run",
    "tie_streams",
    "unreleased",
    "verify",
    "write_anchor",
]
