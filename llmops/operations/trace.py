"""Operations of ``llmops trace``, each logged; separate from the command, which must start quickly."""

import os
from dataclasses import dataclass
from pathlib import Path

from llmops.audit.events import RecordTraced
from llmops.documents import Reason
from llmops.errors import RecipeError
from llmops.recipe import Keys, Recipe, load_keys, load_recipe, missing_keys
from llmops.runner import trace
from llmops.runner.job import now_ms, open_log


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A recipe, with folders from the command line that replace its own."""

    recipe: Path
    inputs: tuple[Path, ...] = ()
    output: Path | None = None
    raw_zone: Path | None = None

    def load(self) -> tuple[Recipe, Keys]:
        """Load the recipe and its keys; no key is ever created.

        Raises:
            RecipeError: the recipe is not valid, a key is missing, or the output has no audit log to log the request.
        """
        recipe = load_recipe(self.recipe, inputs=self.inputs, output=self.output, raw_zone=self.raw_zone)
        missing = missing_keys(recipe)
        if missing:
            raise RecipeError(f"keys: {missing[0]} is missing in this raw zone; name the --raw-zone of the run")
        if not (recipe.output / "audit").is_dir():
            raise RecipeError(
                "output: it has no audit log, in which it must stand that this was asked; name the run's --output"
            )
        return recipe, load_keys(recipe)


def traced(place: Place, record_or_document_id: str) -> tuple[trace.Traced, ...]:
    """Return the location of a record or document; logged before it returns. PHI.

    Raises:
        RecipeError: as `Place.load` and `llmops.runner.trace.trace`.
        AuditError: not logged, so nothing is returned.
    """
    recipe, keys = place.load()
    rows = trace.trace(recipe, keys, record_or_document_id)
    is_document = "." in record_or_document_id
    event = RecordTraced(
        record_id="" if is_document else record_or_document_id,
        document_id=record_or_document_id if is_document else "",
        found=len(rows),
    )
    _log(recipe, keys, event)
    return rows


def listed(place: Place, reason: Reason | None) -> tuple[trace.Traced, ...]:
    """Return the locations of all withheld records and documents; logged before it returns. PHI.

    Raises:
        RecipeError, AuditError: as `traced`.
    """
    recipe, keys = place.load()
    rows = trace.withheld(recipe, keys, reason)
    _log(recipe, keys, RecordTraced(reason=reason or "", found=len(rows)))
    return rows


def _log(recipe: Recipe, keys: Keys, event: RecordTraced) -> None:
    """Log in a sealed stream of its own: whoever may read the raw zone has the keys to sign with."""
    with open_log(recipe, keys, stream=f"trace-{now_ms():x}-{os.getpid()}", run_id="") as log:
        log.append([event])
