"""A document is what the log released: its id, its place, its leaf and the digest of its text."""

from dataclasses import replace

import pytest

from llmops.audit import AuditLog
from llmops.audit.events import DocumentReleased, Heartbeat
from llmops.audit.verify.receipts import Stated, unreleased
from llmops.keys import load_or_create_signing_key

DIGEST = "ab" * 32


@pytest.fixture
def logged(tmp_path):
    """An audit folder, and what a release states of three documents; the log of the last one bound no text."""
    signer = load_or_create_signing_key(tmp_path / "k" / "a.pem", name="llmops-audit")
    events = [
        DocumentReleased(document_id=f"r{n}.0", content=content) for n, content in enumerate((DIGEST, DIGEST, ""))
    ]
    with AuditLog.open(tmp_path / "audit", stream="main", signer=signer, clock=lambda: 1) as log:
        log.append([Heartbeat()])
        receipts = log.append(events)
    pairs = zip(events, receipts, strict=True)
    return tmp_path / "audit", [Stated(document_id=one.document_id, content=DIGEST, receipt=at) for one, at in pairs]


def test_what_the_log_released_is_bound_by_text(logged):
    """A log made before texts were bound binds the id."""
    assert unreleased(*logged) == 0


@pytest.mark.parametrize(
    "forge",
    [
        lambda one: replace(one, content="cd" * 32),
        lambda one: replace(one, document_id="r9.0"),
        lambda one: replace(one, receipt=replace(one.receipt, index=2)),
        lambda one: replace(one, receipt=replace(one.receipt, index=0)),
        lambda one: replace(one, receipt=replace(one.receipt, index=99)),
        lambda one: replace(one, receipt=replace(one.receipt, leaf="00" * 32)),
        lambda one: replace(one, receipt=replace(one.receipt, stream="other")),
    ],
)
def test_another_text_id_or_receipt_is_counted(logged, forge):
    """Each alone."""
    directory, stated = logged
    assert unreleased(directory, [forge(stated[0]), *stated[1:]]) == 1
