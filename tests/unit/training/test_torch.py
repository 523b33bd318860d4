"""Where torch is installed, the stream is an IterableDataset that a DataLoader splits between its workers."""

import pytest

from llmops.errors import RecipeError
from llmops.training import stream

data = pytest.importorskip("torch.utils.data")


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_a_data_loader_reads_every_document_once(release, workers):
    """Default collation takes the dicts; workers do not overlap."""
    loader = data.DataLoader(stream(release).torch(), batch_size=4, num_workers=workers)
    assert isinstance(loader.dataset, data.IterableDataset)
    found = [document_id for batch in loader for document_id in batch["document_id"]]
    assert sorted(found) == [f"r{n:04d}.0" for n in range(30)]


def test_spawned_workers_verify_the_release_themselves(release):
    """Nothing of the release is in the pickle that a spawned worker gets."""
    loader = data.DataLoader(
        stream(release, window_tokens=2).torch(), batch_size=None, num_workers=2, multiprocessing_context="spawn"
    )
    assert sorted(item["text"] for item in loader) == sorted(item.text for item in stream(release, window_tokens=2))


def test_state_goes_through(release):
    """A loader without workers resumes exactly."""
    dataset = stream(release).torch(fields=("document_id",))
    reading = iter(dataset)
    before = [next(reading) for _ in range(7)]
    resumed = stream(release).torch(fields=("document_id",))
    resumed.load_state_dict(dataset.state_dict())
    assert before + list(resumed) == list(stream(release).torch(fields=("document_id",)))
    resumed.set_epoch(1)
    assert len(list(resumed)) == 30


def test_unknown_fields_are_refused(release):
    """A document's own attributes only, and none for windows."""
    with pytest.raises(RecipeError, match="no field 'payload'"):
        stream(release).torch(fields=("payload",))
    with pytest.raises(RecipeError, match="windows"):
        stream(release, window_tokens=2).torch(fields=("text",))


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_the_state_of_a_stream_that_workers_read_is_not_asked_for_where_they_are_not(release, start):
    """It would be that of the beginning, and a job would read all again: an error, with what to do instead."""
    feed = stream(release)
    dataset = feed.torch()
    assert feed.state_dict()["documents"] == 0
    for _ in data.DataLoader(dataset, batch_size=4, num_workers=2, multiprocessing_context=start):
        for asked in (feed, dataset):
            with pytest.raises(RecipeError, match="StatefulDataLoader"):
                asked.state_dict()
    with pytest.raises(RecipeError, match="num_workers=0"):
        feed.state_dict()
    assert len(list(dataset)) == 30  # read here again, its state is known here again
    assert feed.state_dict()["documents"] == 30


def test_a_state_of_the_main_process_is_refused_by_workers(release):
    """Each would read on where the one was."""
    feed = stream(release)
    reading = iter(feed)
    for _ in range(7):
        next(reading)
    resumed = stream(release)
    resumed.load_state_dict(feed.state_dict())
    with pytest.raises(RecipeError, match="StatefulDataLoader"):
        list(data.DataLoader(resumed.torch(), num_workers=2))


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("done", [0, 1, 4, 7])
def test_a_stateful_data_loader_goes_on_exactly(release, workers, done):
    """torchdata keeps each worker's state: what was read before and what is read after are the epoch, each once."""
    stateful = pytest.importorskip("torchdata.stateful_dataloader")

    def loader():
        return stateful.StatefulDataLoader(stream(release, seed=3).torch(), batch_size=4, num_workers=workers)

    whole = [batch["document_id"] for batch in loader()]
    first = loader()
    reading = iter(first)
    before = [next(reading)["document_id"] for _ in range(done)]
    state = first.state_dict()
    resumed = loader()
    resumed.load_state_dict(state)
    assert before + [batch["document_id"] for batch in resumed] == whole
    assert sorted(document for batch in whole for document in batch) == [f"r{n:04d}.0" for n in range(30)]
    assert [batch["document_id"] for batch in resumed] == whole  # and the next epoch begins at its beginning


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_a_stateful_data_loader_of_windows_goes_on_within_a_document(release, start):
    """Forked or spawned."""
    stateful = pytest.importorskip("torchdata.stateful_dataloader")

    def loader():
        return stateful.StatefulDataLoader(
            stream(release, window_tokens=2).torch(), batch_size=None, num_workers=2, multiprocessing_context=start
        )

    whole = [item["text"] for item in loader()]
    first = loader()
    reading = iter(first)
    before = [next(reading)["text"] for _ in range(9)]
    resumed = loader()
    resumed.load_state_dict(first.state_dict())
    assert before + [item["text"] for item in resumed] == whole
