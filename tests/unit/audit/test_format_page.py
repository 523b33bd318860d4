"""The page on the format speaks of every kind and field of the schema."""

import json
from pathlib import Path

from llmops.audit import codec

PAGE = Path(__file__).parents[3] / "docs" / "audit-format.md"


def test_page_names_every_kind_and_field():
    """A schema that grew without its page would be a format nobody can read."""
    page = PAGE.read_text(encoding="utf-8")
    for kind, cls in codec.EVENTS.items():
        row = next(line for line in page.splitlines() if line.startswith("|") and f"`{kind}`" in line)
        for name, _ in codec.rules_of(cls):
            assert name in row, (kind, name)


def test_schema_file_is_the_schema_of_the_code():
    """Written by ``python -m llmops.audit.codec > docs/audit-event.schema.json``; whoever changes one changes both."""
    assert json.loads((PAGE.parent / "audit-event.schema.json").read_text(encoding="utf-8")) == codec.json_schema()
