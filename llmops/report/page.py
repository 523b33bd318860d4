"""Turns the summary of a run into a page; holds numbers, ids and codes only, and escapes everything all the same."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from llmops.documents import StageName

_REASON_WORDS = {
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


def render(summary: Mapping[str, Any]) -> str:
    """Render the summary of a run (the content of ``summary.json``) as one HTML page with no outside references."""
    return _template().render(run=summary, words=_words, flow=_flow(summary), share=_share)


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = lambda value: f"{value:,}"
    source = files("llmops.report").joinpath("page.html.jinja").read_text(encoding="utf-8")
    return environment.from_string(source)


def _words(code: str) -> str:
    return _REASON_WORDS.get(code, code.replace("_", " "))


def _share(part: float, whole: float) -> float:
    """Width in percent of a bar."""
    return round(100 * part / whole, 2) if whole else 0.0


def _flow(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is left after each stage, so that the page can draw the way from read to released."""
    left = summary["counts"]["read"]
    rows: list[dict[str, Any]] = [{"stage": "read", "left": left, "lost": 0}]
    by_stage = summary["withheld"]["by_stage"]
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


_STAGE_WORDS = {
    StageName.RUN: "run",
    StageName.READ: "framed",
    StageName.NORMALIZE: "normalised",
    StageName.DEID: "de-identified",
    StageName.QUALITY: "scored",
    StageName.RELEASE: "released",
}
