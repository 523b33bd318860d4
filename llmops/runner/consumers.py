"""Use a release: build and search its index, evaluate prompts; each use writes its audit event.

Called by a run on the release it has just published, and by the commands on any release.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from llmops.audit import AuditLog
from llmops.audit.events import Evaluated, IndexBuilt, Queried
from llmops.deid import DeidConfig, Scanner
from llmops.evaluation import Calling, CaseResult, EvaluationResult, Suite, chat_model, evaluate
from llmops.plain_files import read_file
from llmops.recipe import Recipe
from llmops.release import Release
from llmops.retrieval import Hit, Index, RetrievalConfig, Searcher, index_folder, load_or_build
from llmops.retrieval.embed import MODEL, TOKENIZER, read_pinned
from llmops.run_summary import CaseOutcome, EvaluationFacts

TOP_CITATIONS = 3


def refuse_unready(recipe: Recipe) -> None:
    """Refuse a recipe whose release could be published but not indexed or evaluated.

    Raises:
        RecipeError: the evaluation's model cannot be opened, or the encoder is not the pinned one.
        MissingExtraError: a package for the model or the encoder is not installed.
    """
    if recipe.evaluation is not None:
        chat_model(recipe.evaluation.model)
    elif recipe.retrieval is None:
        return
    if (recipe.retrieval or RetrievalConfig()).dense:
        for file in (MODEL, TOKENIZER):
            read_pinned(file)


def index_release(release: Release, config: RetrievalConfig | None, log: AuditLog) -> Index:
    """Open the release's index, or build it; log a build.

    Args:
        config: required configuration; ``None`` accepts the existing one.

    Raises:
        ReleaseError: the release does not verify.
    """
    folder = index_folder(release)
    before = _digest(folder)
    index = load_or_build(release, folder, config)
    if index.digest != before:
        log.append(
            [
                IndexBuilt(
                    release_id=release.id,
                    index=index.digest,
                    documents=len(release),
                    chunks=len(index),
                    encoder=index.model_id,
                )
            ]
        )
    return index


def search_release(release: Release, query: str, k: int | None, log: AuditLog) -> tuple[Hit, ...]:
    """Search a release; log the length of the query and the documents served.

    Args:
        query: may be PHI; is not kept.
        k: number of passages; by default the index's ``k``.
    """
    index = index_release(release, None, log)
    searcher = Searcher(release, index, index.config)
    hits = searcher.search(query, k)
    served = tuple(hit.chunk.document_id for hit in hits)
    log.append([Queried(release_id=release.id, k=k or index.config.k, query_length=len(query), hits=served)])
    return hits


def evaluate_release(
    release: Release,
    suite: Suite,
    model: str,
    config: RetrievalConfig | None,
    scanner: DeidConfig,
    log: AuditLog,
    *,
    calling: Calling | None = None,
    partial: Path | None = None,
    progress: Callable[[], None] = lambda: None,
) -> EvaluationResult:
    """Run a suite on a release; log what passed and failed.

    Args:
        model: ``"extractive"`` or ``"provider:model"``.
        config: required index configuration; ``None`` accepts the existing one.
        scanner: detects PHI in prompts and answers.
        calling, partial, progress: as in `llmops.evaluation.evaluate`.

    Raises:
        ModelError: the model cannot be reached, or refuses all calls.
    """
    index = index_release(release, config, log)
    searcher = Searcher(release, index, index.config)
    result = evaluate(
        suite,
        release,
        searcher,
        chat_model(model),
        scanner=Scanner(scanner),
        calling=calling,
        partial=partial,
        progress=progress,
    )
    log.append(
        [
            Evaluated(
                suite=result.suite,
                digest=result.suite_digest,
                release_id=release.id,
                model=result.model,
                passed=result.passed,
                failed=result.total - result.passed,
            )
        ]
    )
    return result


def partial_place(release: Release, suite: Suite, model: str) -> Path | None:
    """Path where a command keeps finished cases: in the output, one file per suite, release and model.

    None where the output is not writable: a release may be read on read-only storage.
    """
    folder = release.path.parents[1]
    name = hashlib.sha256(f"{suite.digest}/{release.id}/{model}".encode()).hexdigest()[:16]
    return folder / f".evaluation-{name}.partial.jsonl" if os.access(folder, os.W_OK) else None


def evaluation_facts(result: EvaluationResult) -> EvaluationFacts:
    """Convert an evaluation for summary and report: ids of the cited passages, without the quotes."""
    return EvaluationFacts(
        suite=result.suite,
        model=result.model,
        passed=result.passed,
        cases=result.total,
        cost=result.cost,
        results=tuple(map(_case_outcome, result.cases)),
    )


def _case_outcome(case: CaseResult) -> CaseOutcome:
    cited = [chunk for chunk in case.hits if f"[{chunk}]" in case.answer]
    return CaseOutcome(
        id=case.case_id,
        question=case.question,
        outcome="phi_in_answer" if case.answer_withheld else case.code,
        passed=case.passed,
        failed=case.failed,
        citations=tuple(cited[:TOP_CITATIONS]),
    )


def _digest(folder: Path) -> str:
    try:
        return hashlib.sha256(read_file(folder / "index.json")).hexdigest()
    except OSError:
        return ""
