"""Rows of the attack matrix: attacker, attack, expected observation."""

from tests.attacks import consumer, operator, thief
from tests.benchmarks.attacks import Case

CASES: tuple[Case, ...] = (*consumer.CASES, *operator.CASES, *thief.CASES)
