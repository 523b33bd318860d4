"""The rows of the attack matrix: who tries what, and what must be seen."""

from tests.attacks import consumer, operator, thief
from tests.benchmarks.attacks import Case

CASES: tuple[Case, ...] = (*consumer.CASES, *operator.CASES, *thief.CASES)
