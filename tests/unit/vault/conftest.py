"""Invented people and a vault's place."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llmops.identities import Identity, PersonName, Role, SubjectIdentifier
from llmops.phi import PhiLabel


def _number(value: str, assigner: str = "1.2.3") -> SubjectIdentifier:
    return SubjectIdentifier(value=value, assigner=assigner, label=PhiLabel.MRN)


def _patient(*numbers: SubjectIdentifier, family: str = "Quackenbush") -> Identity:
    return Identity(subject=numbers, role=Role.SELF, names=(PersonName(family=family, given=("Zebulon",)),))


@pytest.fixture
def number() -> Callable[..., SubjectIdentifier]:
    """A medical record number of an assigner."""
    return _number


@pytest.fixture
def patient() -> Callable[..., Identity]:
    """An identity by its numbers."""
    return _patient


@pytest.fixture
def vault_path(tmp_path: Path) -> Path:
    """Where the vault lies."""
    return tmp_path / "raw" / "vault.sqlite"


@pytest.fixture
def vault_key(tmp_path: Path) -> Path:
    """Its key file."""
    return tmp_path / "raw" / "keys" / "vault.key"
