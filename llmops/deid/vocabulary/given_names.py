"""Common given names in the United States, of many origins; written for this project."""

from typing import Final

from llmops.deid.vocabulary import word_set

GIVEN_NAMES: Final = word_set("given_names")
"""Lower case."""
