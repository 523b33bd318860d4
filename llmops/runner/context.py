"""What every step of a run needs, in one value."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from llmops.audit import Anchor, AuditLog, Status, Verdict, layout
from llmops.audit.anchors.locations import holds_anything, is_authority, located, read_anchors
from llmops.audit.verify.directory import verify
from llmops.pipeline import Meter
from llmops.recipe import Keys, Policies, Recipe, ResolvedRecipe, default_workers
from llmops.runner.state import RunFolder


class RunProgress(Protocol):
    """What watches a run; called in the parent process only."""

    def begin(self, step: str, total: int) -> None:
        """A step starts; ``total`` items (bytes for ``"index"``, else records or documents)."""
        ...

    def advance(self, items: int) -> None:
        """So many items of the step are done."""
        ...


class Silent:
    """Watches a run and says nothing."""

    def begin(self, step: str, total: int) -> None:
        """Say nothing."""

    def advance(self, items: int) -> None:
        """Say nothing."""


@dataclass(slots=True, kw_only=True)
class RunContext:
    """A run in progress: its recipe, keys and log, what its steps have cost so far, and which streams it refused."""

    resolved: ResolvedRecipe
    keys: Keys
    folder: RunFolder
    log: AuditLog
    progress: RunProgress
    started: datetime
    began: float = field(default_factory=time.perf_counter)
    meters: dict[str, Meter] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def recipe(self) -> Recipe:
        """The recipe of this run."""
        return self.resolved.recipe

    @property
    def policies(self) -> Policies:
        """The policies that it names."""
        return self.resolved.policies

    @property
    def workers(self) -> int:
        """Worker processes of this run."""
        return self.recipe.run.workers or default_workers()

    @property
    def anchor_places(self) -> tuple[str, ...]:
        """Where the log's checkpoints are copied to, out of reach of whoever can write the output."""
        named = located(self.recipe.anchor, self.recipe.output)
        # An authority keeps nothing: the raw zone does, unless the recipe names another place that does.
        return (str(self.folder.root / "anchors"), *named) if all(map(is_authority, named)) else named

    def anchors(self) -> tuple[Anchor, ...]:
        """What earlier starts of this run copied there: the log must extend every one of them."""
        run_id = self.folder.state.run_id
        places = filter(holds_anything, self.anchor_places)
        return tuple(anchor for place in places for anchor in read_anchors(place, run_id))

    def verdict(self, more: Sequence[Anchor] = ()) -> Verdict:
        """What may be believed of the log of this run; what is wrong with a reader's stream costs that stream alone.

        Args:
            more: anchors beside those of earlier starts.
        """
        whole = verify(self.log.directory, (self.keys.audit.public,), (*more, *self.anchors()))
        for found in whole.findings:
            if layout.is_reader(found.stream) and found.status in (Status.TAMPERED, Status.CANNOT_VERIFY):
                self.refused.setdefault(found.stream, found.what)
        return whole.without(layout.is_reader)

    def meter(self, name: str) -> Meter:
        """The meter of a step of the parent process."""
        return self.meters.setdefault(name, Meter(name=name))
