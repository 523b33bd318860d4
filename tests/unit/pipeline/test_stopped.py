"""A record that stops a worker is found by its place and withheld alone; a shard full of them is given up."""

from hypothesis import given
from hypothesis import strategies as st

from llmops.documents import Locator, Reason, SourceRecord, StageName, Withheld
from llmops.pipeline.attempts import BATCH, NOWHERE, Stopped
from llmops.pipeline.commit import Indexed
from llmops.pipeline.flow import _batches
from llmops.pipeline.meters import Meter


def records(count):
    place = Locator(container="x")
    return [SourceRecord(record_id=f"r{n}", format="text", payload=b"x", locator=place) for n in range(count)]


def attempt(stopped: Stopped, poison: set[int], count: int) -> tuple[int, list[str]]:
    """Work through the batches until one holds poison: how many were done, and the ids withheld on the way."""
    done, withheld = 0, []
    for batch in _batches(Meter(name="read"), stopped.passed_over(iter(records(count))), stopped.alone):
        if any(isinstance(one, SourceRecord) and int(one.record_id[1:]) in poison for one in batch):
            return done, withheld
        withheld += [one.record_id for one in batch if isinstance(one, Withheld)]
        done += len(batch)
    return done, withheld


@given(st.integers(1, 120), st.sets(st.integers(0, 119), max_size=8))
def test_exactly_the_records_that_stop_a_worker_are_withheld(count, poison):
    """Wherever they stand in their batches; what is left of the shard is done."""
    poison = {position for position in poison if position < count}
    stopped: Stopped | None = NOWHERE
    for _ in range(2 * len(poison) + 1):
        assert stopped is not None
        done, withheld = attempt(stopped, poison, count)
        if done == count:
            break
        stopped = stopped.at(done, Reason.WORKER_DIED)
    assert done == count
    assert withheld == [f"r{position}" for position in sorted(poison)]


def test_a_worker_that_is_killed_from_outside_costs_no_record():
    """The first stop only makes records go one by one."""
    again = NOWHERE.at(32, Reason.WORKER_DIED)
    assert again is not None
    assert attempt(again, set(), 100) == (100, [])
    assert again.alone == frozenset(range(32, 32 + BATCH))


def test_a_shard_that_stops_its_worker_at_record_after_record_is_given_up():
    """More than eight are no accident of their own; nor is a worker that stops where the record is passed over."""
    stopped: Stopped | None = NOWHERE
    attempts = 0
    while stopped is not None:
        done, _ = attempt(stopped, set(range(100)), 100)
        stopped, attempts = stopped.at(done, Reason.WORKER_DIED), attempts + 1
    assert attempts < 20
    passed_over = Stopped(alone=frozenset({3}), refused={3: (StageName.RUN, Reason.DEADLINE_EXCEEDED)})
    assert passed_over.at(3, Reason.DEADLINE_EXCEEDED) is None


def test_what_the_index_pass_refused_is_withheld_with_its_own_reason():
    """A record whose people cannot be told does not reach de-identification."""
    refused = ((1, "normalize", "malformed"), (2, "run", "deadline_exceeded"))
    indexed = Indexed(source="s", fingerprint="f", record_ids=("r0", "r1", "r2"), refused=refused)
    first, second, third = NOWHERE.refusing(indexed).passed_over(iter(records(3)))
    assert isinstance(first, SourceRecord)
    assert second == Withheld(record_id="r1", stage=StageName.NORMALIZE, reason=Reason.MALFORMED)
    assert second.place == third.place == Locator(container="x")
    assert third == Withheld(record_id="r2", stage=StageName.RUN, reason=Reason.DEADLINE_EXCEEDED, retryable=True)
