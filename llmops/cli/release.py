"""``llmops release``: verify one."""

from pathlib import Path
from typing import Annotated

import typer

from llmops.cli.opening import Keys, opened
from llmops.cli.output import out_json, pairs

app = typer.Typer(help="Look at a signed release.", no_args_is_help=True)


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The release folder, <output>/release/<id>.")],
    keys: Keys = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Check signature, digests, receipts and revocation; exit 6 where anything does not verify."""
    release = opened(folder, keys)
    facts = {
        "release": release.id,
        "documents": len(release),
        "policy": release.manifest.content.policy_id,
        "key": release.manifest.key,
        "key_pinned": release.pinned,
        "created": release.manifest.created,
    }
    if as_json:
        out_json({"verified": True, **facts})
    else:
        pairs("release verifies", facts)
