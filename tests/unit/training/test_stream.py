"""The training feed reads a verified release: shuffled, sharded, resumable, and nothing else."""

import json
import pickle
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops.documents import ReleasedDocument
from llmops.errors import MissingExtraError, RecipeError, ReleaseError
from llmops.training import Window, stream

_options = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 5),
        "shuffle": st.booleans(),
        "epoch": st.integers(0, 3),
        "parts_in_memory": st.integers(1, 6),
        "window_tokens": st.sampled_from([None, 1, 2, 3, 100]),
    }
)
_slow = settings(max_examples=25, deadline=None)


def _ids(feed):
    return [document.document_id for document in feed]


def test_it_yields_released_documents(release):
    """Whole documents, each once, in an order that is not that of the release."""
    found = list(stream(release))
    assert all(isinstance(document, ReleasedDocument) for document in found)
    assert sorted(_ids(found)) == [f"r{n:04d}.0" for n in range(30)] != _ids(found)
    assert found[0] == release.document(found[0].document_id)
    assert _ids(stream(release, shuffle=False)) == sorted(_ids(found))


def test_seed_and_epoch_alone_decide_the_order(release):
    """The same again gives the same; another seed or epoch another."""
    feed = stream(release, seed=1)
    first = _ids(feed)
    assert _ids(feed) == first == _ids(stream(release, seed=1))
    assert _ids(stream(release, seed=2)) != first
    feed.set_epoch(1)
    assert _ids(feed) == _ids(stream(release, seed=1, epoch=1)) != first


@_slow
@given(options=_options, world_size=st.integers(1, 5))
def test_ranks_share_without_overlap(release, options, world_size):
    """All ranks together give exactly what one rank alone would give."""
    alone = list(stream(release, **options))
    shares = [list(stream(release, rank=rank, world_size=world_size, **options)) for rank in range(world_size)]
    assert sorted(map(repr, alone)) == sorted(repr(item) for share in shares for item in share)
    if options["window_tokens"] is None:
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


@_slow
@given(options=_options, done=st.integers(0, 40), rank=st.integers(0, 1))
def test_a_resumed_stream_goes_on_exactly(release, options, done, rank):
    """Items before the state and items after it are the uninterrupted epoch, wherever it was taken."""
    feed = stream(release, rank=rank, world_size=2, **options)
    reading = iter(feed)
    before = [item for _, item in zip(range(done), reading, strict=False)]
    state = json.loads(json.dumps(feed.state_dict()))
    resumed = stream(release, rank=rank, world_size=2, **{**options, "epoch": 9})
    resumed.load_state_dict(state)
    assert resumed.state_dict() == state
    whole = list(stream(release, rank=rank, world_size=2, **options))
    assert before + list(resumed) == whole
    assert list(resumed) == whole


def test_a_finished_epoch_is_not_read_again(release):
    """A state taken after the last item gives nothing more, then the next epoch in full."""
    feed = stream(release)
    list(feed)
    resumed = stream(release)
    resumed.load_state_dict(feed.state_dict())
    assert list(resumed) == []
    resumed.set_epoch(1)
    assert len(list(resumed)) == 30


def test_setting_the_epoch_of_a_loaded_state_keeps_it(release):
    """The usual loop calls set_epoch before each epoch, also the resumed one."""
    feed = stream(release, epoch=2)
    next(iter(feed))
    resumed = stream(release)
    resumed.load_state_dict(feed.state_dict())
    resumed.set_epoch(2)
    assert len(list(resumed)) == 29


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"world_size": 3}, {"window_tokens": 4}, {"shuffle": False}, {"parts_in_memory": 1}]
)
def test_a_state_of_another_stream_is_refused(release, change):
    """What differs is named, rather than other documents read."""
    state = stream(release).state_dict()
    with pytest.raises(RecipeError, match=next(iter(change))):
        stream(release, **change).load_state_dict(state)


def test_a_broken_state_is_refused(release):
    """Missing, negative or wrong values."""
    feed = stream(release)
    for change in ({"release": "0" * 16}, {"documents": -1}, {"documents": "3"}, {"workers": None}, {"epoch": None}):
        with pytest.raises(RecipeError):
            feed.load_state_dict({**feed.state_dict(), **change})
    with pytest.raises(RecipeError):
        feed.load_state_dict({})


def test_windows_cover_every_token(release):
    """Windows repeat the text they stand for; with a stride they overlap; an empty text has none."""
    for document in release.documents():
        tokens = document.text.split()
        own = [item for item in stream(release, window_tokens=3) if item.document_id == document.document_id]
        assert [token for window in own for token in window.text.split()] == tokens
        assert all(document.text[window.start : window.end] == window.text for window in own)
        overlapping = [
            item.text.split()
            for item in stream(release, window_tokens=3, stride=1, shuffle=False)
            if isinstance(item, Window) and item.document_id == document.document_id
        ]
        count = max(1, len(tokens) - 2) if tokens else 0
        assert overlapping == [tokens[first : first + 3] for first in range(count)]


@pytest.mark.parametrize(
    "options",
    [
        {"window_tokens": 0},
        {"window_tokens": 4, "stride": 5},
        {"window_tokens": 4, "stride": 0},
        {"stride": 2},
        {"rank": 1},
        {"rank": -1},
        {"world_size": 0},
        {"parts_in_memory": 0},
    ],
)
def test_arguments_out_of_range_are_refused(release, options):
    """Before anything is read, with the name of the argument."""
    with pytest.raises(RecipeError, match="stream: "):
        stream(release, **options)


def test_nothing_but_an_opened_release_is_streamed(release):
    """A path, a folder of raw notes, or documents by hand."""
    for candidate in (release.path, str(release.path), list(release.documents()), None):
        with pytest.raises(ReleaseError, match="open_release"):
            stream(candidate)


def test_a_pickled_stream_opens_and_verifies_its_release_again(release):
    """Spawned workers go on where the stream is; no text is in the pickle."""
    feed = stream(release, seed=4)
    reading = iter(feed)
    before = [next(reading) for _ in range(10)]
    data = pickle.dumps(feed)
    assert b"w5_" not in data
    assert before + list(pickle.loads(data)) == list(stream(release, seed=4))


def test_worker_processes_share_a_rank(release, monkeypatch):
    """Under a torch DataLoader each worker reads its own share of the rank; a state stays with its worker."""

    class Info:
        id, num_workers = 0, 2

    class FakeTorchData:
        @staticmethod
        def get_worker_info():
            return Info

    monkeypatch.setitem(sys.modules, "torch.utils.data", FakeTorchData)
    found = []
    for rank in range(2):
        for Info.id in range(2):
            feed = stream(release, rank=rank, world_size=2)
            found += _ids(feed)
    assert sorted(found) == [f"r{n:04d}.0" for n in range(30)]
    state = feed.state_dict()
    Info.id = 0
    other = stream(release, rank=1, world_size=2)
    other.load_state_dict(state)
    with pytest.raises(RecipeError, match="another DataLoader worker"):
        next(iter(other))


def test_without_torch_the_stream_is_plain(release, monkeypatch):
    """Iterating needs no torch; asking for a torch dataset names the extra."""
    monkeypatch.setitem(sys.modules, "torch.utils.data", None)
    monkeypatch.delitem(sys.modules, "llmops.training.torch_dataset", raising=False)
    feed = stream(release)
    assert len(list(feed)) == 30
    with pytest.raises(MissingExtraError, match=r"clinical-llmops\[train\]"):
        feed.torch()
