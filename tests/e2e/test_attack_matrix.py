"""A part of the attack matrix, drawn with a seed; ``python -m tests.benchmarks.attacks`` is all of it."""

from collections import Counter
from functools import partial
from random import Random

import pytest

from tests.attacks.cases import CASES
from tests.attacks.thief import reads
from tests.benchmarks.attacks import Case, matrix

# What test_attacks.py plants all at once is left to the full matrix.
OTHERS = [case for case in CASES if case.where not in {"audit", "output"} or "roll" in case.name]
DRAWN = Random(16).sample(OTHERS, 12)


@pytest.mark.timeout(600)
def test_attacks_are_seen_as_the_threat_model_says(tmp_path):
    """Twelve of them, from all three attackers."""
    assert {case.who for case in DRAWN} == {"consumer", "operator", "thief"}
    wrong = [
        (case.name, case.where, case.expected, seen)
        for case, seen in matrix(DRAWN, tmp_path / "site")
        if seen != case.expected
    ]
    assert wrong == []


def test_every_attack_is_one_row():
    """No two rows say the same."""
    assert max(Counter((case.who, case.name, case.where) for case in CASES).values()) == 1


def test_a_fence_that_is_down_is_seen(tmp_path):
    """A case whose attack succeeds gives another word than the one expected."""
    case = Case(who="thief", name="read", where="input", expected="reads no PHI", attack=partial(reads, "in/*"))
    ((_, seen),) = matrix([case], tmp_path / "site")
    assert seen == "reads PHI"
