"""``llmops search``: passages of a verified release."""

from pathlib import Path
from typing import Annotated

import typer

from llmops.cli.output import console, one_line, out_json, problem
from llmops.cli.release_options import AuditDir, Keys, Seal, opened
from llmops.errors import RecipeError
from llmops.operations.reader_log import consumer_log


def search(
    folder: Annotated[
        Path, typer.Argument(metavar="RELEASE", help="The release folder, <output>/release/<id> or .../latest.")
    ],
    query: Annotated[str, typer.Argument(help="What to look for.")],
    k: Annotated[int | None, typer.Option("-k", min=1, help="How many passages; default: as the index says.")] = None,
    keys: Keys = None,
    audit: AuditDir = None,
    seal: Seal = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Search a release; what is served is logged."""
    from llmops.runner.consumers import search_release

    if not query.encode("utf-8", "ignore").strip():
        raise RecipeError("search: the query is blank or not UTF-8; say what to look for")
    release = opened(folder, keys)
    with consumer_log(release, audit, seal, problem) as log:
        hits = search_release(release, query, k, log)
    if as_json:
        out_json(
            [
                {
                    "chunk": hit.chunk.chunk_id,
                    "document": hit.chunk.document_id,
                    "section": hit.chunk.section,
                    "start": hit.chunk.start,
                    "end": hit.chunk.end,
                    "score": round(hit.score, 6),
                    "subject": hit.subject,
                    "kind": hit.kind,
                    "title": hit.title,
                    "text": hit.chunk.text,
                }
                for hit in hits
            ]
        )
        return
    for place, hit in enumerate(hits, start=1):
        head = f"{place}. [{hit.chunk.chunk_id}] {hit.title or hit.kind} / {hit.chunk.section}"
        console.print(one_line(head), style="bold")
        console.print(hit.chunk.text.strip())
        console.print()
    if not hits:
        console.print("nothing found")
