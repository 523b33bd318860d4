"""Shared state of a run: recipe, keys, log, costs."""

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
    """Observer of a run's progress; called in the parent process only."""

    def begin(self, step: str, total: int) -> None:
        """Start a step of ``total`` items (bytes for ``"index"``, else records or documents)."""
        ...

    def advance(self, items: int) -> None:
        """Add ``items`` finished items to the step."""
        ...


class Silent:
    """Progress observer that does nothing."""

    def begin(self, step: str, total: int) -> None:
        """Do nothing."""

    def advance(self, items: int) -> None:
        """Do nothing."""


@dataclass(slots=True, kw_only=True)
class RunContext:
    """A run in progress: recipe, keys, log, step costs so far, and rejected audit streams."""

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
        """Number of worker processes."""
        return self.recipe.run.workers or default_workers()

    @property
    def anchor_places(self) -> tuple[str, ...]:
        """Where the log's checkpoints are copied: out of reach of whoever can write the output."""
        named = located(self.recipe.anchor, self.recipe.output)
        # A timestamp authority stores nothing: copy to the raw zone unless the recipe names another store.
        return (str(self.folder.root / "anchors"), *named) if all(map(is_authority, named)) else named

    def anchors(self) -> tuple[Anchor, ...]:
        """Anchors copied there by earlier starts of this run; the log must extend every one of them."""
        run_id = self.folder.state.run_id
        places = filter(holds_anything, self.anchor_places)
        return tuple(anchor for place in places for anchor in read_anchors(place, run_id))

    def verdict(self, more: Sequence[Anchor] = ()) -> Verdict:
        """Verify the log of this run; a faulty reader stream invalidates that stream alone.

        Args:
            more: anchors in addition to those of earlier starts.
        """
        whole = verify(self.log.directory, (self.keys.audit.public,), (*more, *self.anchors()))
        for found in whole.findings:
            if layout.is_reader(found.stream) and found.status in (Status.TAMPERED, Status.CANNOT_VERIFY):
                self.refused.setdefault(found.stream, found.what)
        return whole.without(layout.is_reader)

    def meter(self, name: str) -> Meter:
        """Meter for a step of the parent process."""
        return self.meters.setdefault(name, Meter(name=name))
