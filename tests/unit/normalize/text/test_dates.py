"""Dates as people write them are read as ISO 8601, and look-alikes are not."""

import pytest

from llmops.normalize.text.dates import iso_date


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("11/02/1948", "1948-11-02"),
        ("25/12/1948", "1948-12-25"),
        ("1948-11-02", "1948-11-02"),
        ("2101-10-20 19:08:00", "2101-10-20T19:08:00"),
        ("19481102", "1948-11-02"),
        ("2-Nov-1948", "1948-11-02"),
        ("November 2nd, 1948", "1948-11-02"),
        ("02/30/1948", ""),
        ("11/02/48", ""),
        ("120/80", ""),
        ("pending", ""),
    ],
)
def test_dates_are_read_or_left_alone(written: str, iso: str) -> None:
    """Two-digit years are not guessed."""
    assert iso_date(written) == iso
