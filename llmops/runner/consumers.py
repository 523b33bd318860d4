"""What reads a release: the search index and the prompt evaluation, each with its audit event.

Used by a run on the release it has just published, and by the commands on any release.
"""

import hashlib
from pathlib import Path
from typing import Any

from llmops.audit import AuditLog
from llmops.audit.events import Evaluated, IndexBuilt, Queried
from llmops.deid import DeidConfig, Scanner
from llmops.evaluation import EvaluationResult, Suite, chat_model, evaluate
from llmops.release import Release
from llmops.retrieval import Hit, Index, RetrievalConfig, Searcher, index_folder, load_or_build

TOP_CITATIONS = 3


def index_release(release: Release, config: RetrievalConfig, log: AuditLog) -> Index:
    """Open the release's index, or build it; a build is logged.

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


def search_release(
    release: Release, query: str, k: int | None, config: RetrievalConfig, log: AuditLog
) -> tuple[Hit, ...]:
    """Search a release; logged with the length of the query and the documents served.

    Args:
        query: may be PHI; is not kept.
    """
    searcher = Searcher(release, index_release(release, config, log), config)
    hits = searcher.search(query, k)
    served = tuple(hit.chunk.document_id for hit in hits)
    log.append([Queried(release_id=release.id, k=k or config.k, query_length=len(query), hits=served)])
    return hits


def evaluate_release(
    release: Release, suite: Suite, model: str, config: RetrievalConfig, scanner: DeidConfig, log: AuditLog
) -> EvaluationResult:
    """Run a suite on a release; logged with what passed and failed.

    Args:
        model: ``"extractive"`` or ``"provider:model"``.
        scanner: how prompts and answers are searched for PHI.
    """
    searcher = Searcher(release, index_release(release, config, log), config)
    result = evaluate(suite, release, searcher, chat_model(model), scanner=Scanner(scanner))
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


def evaluation_summary(result: EvaluationResult) -> dict[str, Any]:
    """An evaluation in the form that summary and report show: which passages an answer cites, not what it quotes."""
    return {
        "suite": result.suite,
        "model": result.model,
        "passed": result.passed,
        "cases": result.total,
        "cost": result.cost,
        "results": [
            {
                "id": case.case_id,
                "question": case.question,
                "outcome": "phi_in_answer" if case.answer_withheld else case.code,
                "passed": case.passed,
                "failed": [outcome.assertion for outcome in case.outcomes if not outcome.passed] or [case.code],
                "citations": [chunk for chunk in case.hits if f"[{chunk}]" in case.answer][:TOP_CITATIONS],
            }
            for case in result.cases
        ],
    }


def _digest(folder: Path) -> str:
    manifest = folder / "index.json"
    return hashlib.sha256(manifest.read_bytes()).hexdigest() if manifest.is_file() else ""
