"""How the tests of the sources read a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmops.documents import SourceRecord, Withheld
from llmops.formats import FORMATS
from llmops.sources import FilesConfig, ShardSize, UnitSource, plan_units

Answers = list[SourceRecord | Withheld]


def read_all(*paths: Path, size: ShardSize | None = None, **settings: Any) -> Answers:
    """Every answer for some files or folders."""
    config = FilesConfig(**settings)
    units = plan_units(paths, config, size, formats=FORMATS)
    return [answer for unit in units for answer in UnitSource(unit, config, b"test key", FORMATS).records()]


@pytest.fixture
def read() -> Callable[..., Answers]:
    """Reads paths with settings."""
    return read_all


@pytest.fixture
def read_bytes(tmp_path: Path) -> Callable[..., Answers]:
    """Writes bytes under a name and reads them."""

    def written(data: bytes, name: str = "input", **settings: Any) -> Answers:
        path = tmp_path / name
        path.write_bytes(data)
        return read_all(path, **settings)

    return written


def outcome(answers: Answers) -> list[str]:
    """Formats and reasons, in order."""
    return [a.format if isinstance(a, SourceRecord) else a.reason.value for a in answers]


@pytest.fixture(name="outcome")
def outcome_fixture() -> Callable[[Answers], list[str]]:
    """Formats and reasons, in order."""
    return outcome
