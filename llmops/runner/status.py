"""Status of a run: a machine-readable word, and a sentence with the cause and the remedy."""

from typing import Final

from llmops.documents import Reason
from llmops.run_summary import RunSummary, Status

# Withheld because a stage failed, not because of their content.
_FAILURES: Final = tuple(
    reason.value for reason in (Reason.DEID_FAILED, Reason.QUALITY_FAILED, Reason.DEADLINE_EXCEEDED, Reason.WORKER_DIED)
)
_ADVICE: Final = {
    Reason.NO_SUBJECT.value: "notes without a patient run with recipes/unlinked-notes.yaml",
    Reason.MISSING_COLUMN.value: "name the columns under normalize.table",
    Reason.UNKNOWN_FORMAT.value: "docs/formats.md lists what is read",
    Reason.NOT_NECESSARY.value: "widen keep",
    Reason.TOMBSTONED.value: "they were taken back from an earlier release for good",
}
_ELSEWHERE: Final = "docs/guide.md#why-was-it-withheld says what each reason asks for"


def outcome(summary: RunSummary) -> tuple[Status, str]:
    """Give the status of a run and its worst failure; ``("finished", "")`` for a success.

    Args:
        summary: as known so far: ``audit`` and ``evaluation`` may be None.
    """
    audit, evaluation, shards = summary.audit, summary.evaluation, summary.shards
    if audit and audit.exit_code > 1:
        return "audit_failed", "the audit log was changed behind the run; llmops audit verify says where"
    if not summary.counts.released:
        return "nothing_released", f"nothing was released, and nothing published: {_mostly(summary)}"
    if shards.failed:
        return "shards_failed", f"{len(shards.failed):,} of {shards.planned:,} shards failed and are withheld whole"
    broken = {reason: count for reason, count in summary.withheld.by_reason.items() if reason in _FAILURES}
    if broken:
        counted = ", ".join(f"{count:,} {reason}" for reason, count in broken.items())
        return "documents_failed", f"a stage failed on documents, which are withheld ({counted}); please report it"
    if not all(verdict.passed for verdict in summary.verdicts):
        return "limit_exceeded", f"more was withheld than gate.max_withheld_ratio allows: {_mostly(summary)}"
    if summary.evaluation_error:
        return "model_unreachable", f"the release stands, but was not evaluated: {summary.evaluation_error}"
    if evaluation and evaluation.passed < evaluation.cases:
        return "evaluation_failed", f"{evaluation.cases - evaluation.passed:,} evaluation cases did not pass"
    return "finished", ""


def _mostly(summary: RunSummary) -> str:
    """The most common reason for withholding, with its remedy; else the number of reasons."""
    withheld, by_reason = summary.counts.withheld, summary.withheld.by_reason
    if not by_reason:
        return "the input holds no record"
    reason, count = max(by_reason.items(), key=lambda item: item[1])
    if 2 * count <= withheld:
        return f"{withheld:,} withheld for {len(by_reason)} reasons; {_ELSEWHERE}"
    return f"{count:,} of {withheld:,} withheld are {reason}; {_ADVICE.get(reason, _ELSEWHERE)}"
