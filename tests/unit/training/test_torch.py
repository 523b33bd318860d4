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
