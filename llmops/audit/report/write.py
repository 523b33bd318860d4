"""Write the report page: counts as plain HTML, documents as packed data that its script unpacks."""

from pathlib import Path
from typing import Any, Final

import orjson

from llmops.audit import layout
from llmops.audit.explain import events_in
from llmops.audit.export.meaning import moment
from llmops.audit.log.segments import segments
from llmops.audit.report.counts import LogCounts
from llmops.audit.report.documents import Pages
from llmops.audit.verdict import Verdict
from llmops.errors import AuditVerificationError
from llmops.pages import render
from llmops.plain_files import file_size, replacing

_PAGES: Final = "<!--pages-->"


def write_page(directory: Path, out: Path, verdict: Verdict, *, at: int) -> dict[str, Any]:
    """Write the compliance report of a log.

    Data that cannot be read is left out and the page says so: a report matters most for a damaged log.

    Args:
        directory: the audit directory.
        out: the page; replaced as a whole.
        verdict: the verdict of `llmops.audit.verify.directory` on the log.
        at: UTC milliseconds, the time on the page.

    Returns:
        Counts of the page's content.

    Raises:
        OSError: the page cannot be written.
    """
    tally, pages, unread = _collect(directory)
    packed = list(pages.packed())
    index = [counts for _, counts in packed]
    documents = sum(sum(counts.values()) for counts in index)
    data = {"kinds": pages.kinds, "streams": pages.streams, "pages": index}
    html = render(
        "audit.html.jinja",
        script="audit.js",
        tally=tally,
        verdict=verdict,
        unread=unread,
        written=_time(at),
        span=[_time(tally.first), _time(tally.last)] if tally.events else [],
        documents=documents,
        withheld=tally.withheld.most_common(),
        data=orjson.dumps(data).decode().replace("<", "\\u003c"),
    )
    _write(out, html, [block for block, _ in packed])
    return {"events": tally.events, "documents": documents, "runs": len(tally.runs), "releases": len(tally.releases)}


def _collect(directory: Path) -> tuple[LogCounts, Pages, str]:
    paths = [part.path for stream in layout.streams(directory) for part in segments(directory, stream)]
    tally = LogCounts()
    pages = Pages(sum(map(_size, paths)))
    try:
        for seen in events_in(directory):
            tally.add(seen)
            pages.add(seen)
    except AuditVerificationError as error:
        return tally, pages, str(error)
    return tally, pages, ""


def _write(out: Path, html: str, blocks: list[str]) -> None:
    head, tail = html.split(_PAGES)
    with replacing(out) as file:
        file.write(head.encode())
        for number, block in enumerate(blocks):
            file.write(f'<script type="text/plain" id="p{number}">{block}</script>\n'.encode())
        file.write(tail.encode())


def _size(path: Path) -> int:
    try:
        return file_size(path)
    except OSError:  # reported by the verdict
        return 0


def _time(at: int) -> str:
    return moment(at)[:19].replace("T", " ")
