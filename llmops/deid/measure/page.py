"""The page of an evaluation that shows what leaked and what was masked for nothing, in context. It holds PHI."""

import os
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Final

from llmops.deid.measure.evaluate import Evaluation, Level, Miss, Proportion
from llmops.errors import SourceError
from llmops.plain_files import open_file

_OWNER_ONLY: Final = 0o600
_MOST_SHOWN: Final = 5_000
_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1b1f24;"
    "background:#fff}table{border-collapse:collapse;margin:1rem 0}td,th{padding:.25rem .75rem;text-align:left;"
    "border-bottom:1px solid #d0d7de}td.n{text-align:right;font-variant-numeric:tabular-nums}"
    "mark{background:#ffd8a8;padding:0 .15em}td.c{white-space:pre-wrap;word-break:break-word}"
    ".warn{border:2px solid #b42318;padding:.5rem 1rem;color:#b42318;font-weight:600}"
)
_HEAD: Final = f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>De-identification, measured</title>
<style>{_STYLE}</style><h1>De-identification, measured</h1>
<p class="warn">This page shows PHI in context. Keep it in the raw zone; never pass it on with a release.</p>
"""


def write_page(evaluation: Evaluation, path: Path) -> None:
    """Write the page, readable by its owner alone.

    Args:
        evaluation: what was measured. PHI.
        path: where to; must lie in the raw zone.

    Raises:
        SourceError: it cannot be written.
    """
    try:
        descriptor = open_file(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=_OWNER_ONLY)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as page:
            os.fchmod(descriptor, _OWNER_ONLY)  # a file that was there keeps its mode otherwise
            page.writelines(_page(evaluation))
    except OSError as error:
        raise SourceError(f"evaluation page: cannot be written ({type(error).__name__})") from None


def _page(evaluation: Evaluation) -> Iterable[str]:
    yield _HEAD
    yield "<h2>Levels</h2><table><tr><th>level<th>recall (95 %)<th>precision (95 %)<th>F1</tr>"
    yield from (_level(name, level) for name, level in evaluation.levels)
    yield "</table><h2>Recall by identifier</h2>" + _recalls(evaluation.by_identifier)
    yield "<h2>Recall by label</h2>" + _recalls(evaluation.by_label)
    yield from _misses("Leaks", evaluation.leaks)
    yield from _misses("Over-redactions", evaluation.over_redactions)


def _level(name: str, level: Level) -> str:
    return f"<tr><td>{escape(name)}{_cell(level.recall)}{_cell(level.precision)}<td class=n>{level.f1:.4f}</tr>"


def _cell(value: Proportion) -> str:
    low, high = value.bounds
    return f"<td class=n>{value.value:.4f} ({low:.4f}-{high:.4f}), {value.hits} of {value.total}"


def _recalls(rows: Iterable[tuple[str, Proportion]]) -> str:
    return "<table>" + "".join(f"<tr><td>{escape(name)}{_cell(value)}</tr>" for name, value in rows) + "</table>"


def _misses(title: str, misses: tuple[Miss, ...]) -> Iterable[str]:
    yield f"<h2>{title}: {len(misses)}</h2><table><tr><th>document<th>label<th>in context</tr>"
    for miss in misses[:_MOST_SHOWN]:
        context = f"{escape(miss.before)}<mark>{escape(miss.surface)}</mark>{escape(miss.after)}"
        yield f'<tr><td>{escape(miss.document)}<td>{escape(miss.label)}<td class="c">{context}</tr>\n'
    yield "</table>"
