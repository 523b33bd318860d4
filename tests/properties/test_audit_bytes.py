"""Any byte of a sealed log that is changed, cut out or put in is found."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from llmops.audit import AuditLog
from llmops.audit.events import DocumentDeidentified, RecordRead
from llmops.audit.verify.directory import verify
from llmops.keys import load_or_create_signing_key


@pytest.fixture(scope="module")
def sealed():
    """A small sealed log with its anchor: directory, key, anchor."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        key = load_or_create_signing_key(root / "keys" / "a.pem", name="llmops-audit")
        with AuditLog.open(root / "audit", stream="main", signer=key, clock=lambda: 1, run_id="run1") as log:
            for i in range(3):
                log.append([RecordRead(record_id=f"r{i}", format="text")])
                log.append([DocumentDeidentified(document_id=f"r{i}.0", policy_id="p@1", findings=(("NAME", i),))])
                anchor = log.checkpoint().anchor
        yield root / "audit", key.public, anchor


@settings(max_examples=400, deadline=None)
@given(
    name=st.sampled_from(["main.jsonl", "main.checkpoints", "main.vkey"]),
    place=st.floats(0, 1, exclude_max=True),
    mask=st.integers(1, 255),
)
@example(name="main.vkey", place=0.9999, mask=1)  # a line end that some readers take for another
def test_any_byte_flipped_is_found(sealed, name, place, mask):
    """Whatever bit of whatever byte."""
    audit, key, anchor = sealed
    path = audit / name
    good = path.read_bytes()
    at = int(place * len(good))
    try:
        path.write_bytes(good[:at] + bytes([good[at] ^ mask]) + good[at + 1 :])
        assert verify(audit, [key], [anchor]).exit_code == 2
    finally:
        path.write_bytes(good)
    assert verify(audit, [key], [anchor]).exit_code == 0


@settings(max_examples=150, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), size=st.integers(1, 400), junk=st.binary(max_size=40))
@example(place=0.9999999999999999, size=1, junk=b"\n\x00")  # the whole log, and a torn event behind it
def test_any_stretch_replaced_is_found(sealed, place, size, junk):
    """Whatever is cut out and put in, unless it is the same again; what is put behind the whole is a torn event."""
    audit, key, anchor = sealed
    path = audit / "main.jsonl"
    good = path.read_bytes()
    at = int(place * len(good))
    changed = good[:at] + junk + good[at + size :]
    try:
        path.write_bytes(changed)
        found = verify(audit, [key], [anchor]).exit_code
        assert found == (0 if changed == good else 1 if changed.startswith(good) else 2)
    finally:
        path.write_bytes(good)
