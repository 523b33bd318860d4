"""Render the summary of a run as a page; holds numbers, ids and codes only, and escapes everything regardless."""

from typing import Any, Final

from llmops.documents import StageName
from llmops.pages import render
from llmops.run_summary import RunSummary

_SCORES: Final = tuple(f"{tenth / 10:.1f}" for tenth in range(10))
_REASON_WORDS: Final = {
    "no_subject": "names no patient",
    "unknown_format": "not a format we read",
    "unsupported_attachment": "attachment in a format we do not read",
    "external_attachment": "attachment kept elsewhere",
    "bad_attachment": "attachment does not decode",
    "not_necessary": "not needed for the purpose",
    "retracted": "entered in error, as the source says",
    "doctype_refused": "XML with a DOCTYPE",
    "path_escape": "path leaves its folder",
    "known_identifier_survived": "a known identifier of the patient survived",
    "residual_phi": "second look found PHI",
    "below_score": "quality below the gate",
    "tombstoned": "taken back from an earlier release",
    "bad_row": "table row cannot be framed",
}


def run_page(summary: RunSummary) -> str:
    """Render the page of a run: records read, findings, withheld documents with reasons."""
    return render("run.html.jinja", run=summary, flow=_flow(summary), reasons=_REASON_WORDS, scores=_SCORES)


def _flow(summary: RunSummary) -> list[dict[str, Any]]:
    """Documents left after each stage, to draw the flow from read to released."""
    left = summary.counts.read
    rows: list[dict[str, Any]] = [{"stage": "read", "left": left, "lost": 0}]
    by_stage = summary.withheld.by_stage
    for stage in (
        StageName.RUN,
        StageName.READ,
        StageName.NORMALIZE,
        StageName.DEID,
        StageName.QUALITY,
        StageName.RELEASE,
    ):
        lost = by_stage.get(stage.value, 0)
        left -= lost
        if stage is not StageName.RUN or lost:
            rows.append({"stage": _STAGE_WORDS[stage], "left": left, "lost": lost})
    return rows


_STAGE_WORDS: Final = {
    StageName.RUN: "run",
    StageName.READ: "framed",
    StageName.NORMALIZE: "normalised",
    StageName.DEID: "de-identified",
    StageName.QUALITY: "scored",
    StageName.RELEASE: "released",
}
