"""The tests of the log open it hundreds of times; what they test is what is written, not when it is on the disk."""

import os

import pytest


@pytest.fixture(autouse=True)
def no_sync(monkeypatch):
    """Syncs cost nothing; a test that counts them or lets them fail puts its own in their place."""
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: None)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
