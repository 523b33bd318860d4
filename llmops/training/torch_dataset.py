"""Release stream as a torch dataset; importing this module imports torch."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import IterableDataset

if TYPE_CHECKING:
    from llmops.training.stream import ReleaseStream


class TorchStream(IterableDataset[dict[str, Any]]):  # type: ignore[misc, unused-ignore] # untyped where torch is not installed
    """Yield one dict per item and split the work between the workers of a ``DataLoader``.

    ``state_dict`` works only in the process that iterates: the main one without workers, or each worker under
    torchdata's ``StatefulDataLoader``, which calls it there; elsewhere it raises. ``set_epoch`` reaches workers when
    they start, so not those that a loader keeps (``persistent_workers=True``).
    """

    def __init__(self, stream: "ReleaseStream", fields: tuple[str, ...]) -> None:
        super().__init__()
        self._stream = stream
        self._fields = fields
        # In shared memory that torch passes to its workers, forked or spawned.
        self._in_workers = stream.share(torch.zeros(1, dtype=torch.bool).share_memory_())  # type: ignore[no-untyped-call, unused-ignore]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._stream.share(self._in_workers)  # a spawned worker has its own stream
        for item in self._stream:
            yield {name: getattr(item, name) for name in self._fields}

    def set_epoch(self, epoch: int) -> None:
        """See `ReleaseStream.set_epoch`."""
        self._stream.set_epoch(epoch)

    def state_dict(self) -> dict[str, Any]:
        """See `ReleaseStream.state_dict`."""
        return self._stream.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """See `ReleaseStream.load_state_dict`."""
        self._stream.load_state_dict(state)
