"""The data set card: README.md with the Hugging Face front matter that makes the folder loadable."""

from collections.abc import Iterable
from typing import Final

from llmops.release.manifest import ReleaseFacts

_FRONT_MATTER: Final = """\
---
pretty_name: {title}
tags:
- clinical
- de-identified
configs:
- config_name: default
  data_files:
  - split: train
    path: data/*.parquet
---
"""


def dataset_card(release_id: str, rows: int, facts: ReleaseFacts) -> bytes:
    """Write the card of a release: content, policies, what they prove, how to load it."""
    title = _one_line(facts.title)
    lines = [
        _FRONT_MATTER.format(title=_quoted(title)),
        f"# {title}",
        "",
        f"Release `{release_id}` of {facts.created[:10]}: {rows} documents, made by llmops {facts.code_version}.",
        "",
        f"Every document passed the policy `{facts.policy_id}`, checked against the rule `{facts.rule}`",
        f"({facts.section}), a quality score and the release gate, and has a receipt in the audit log.",
        "That is what this release proves; it does not prove that no identifier is left (45 CFR 164.514(b)).",
        "Do not try to re-identify anyone.",
        "",
        *_table("Counts", facts.counts),
        *_table("Residual risk", facts.residual_risk),
        *_table("Verdicts", ((verdict.name, "passed" if verdict.passed else "failed") for verdict in facts.verdicts)),
        *_table("Models", facts.models),
        "## Files",
        "",
        "`data/` holds the documents, `withheld/` ids and reasons of what was not released, `receipts/` the audit",
        "receipts, `croissant.json` the same for tools that read Croissant, `provenance.json` an in-toto statement of",
        "how they were made; `manifest.json` and `manifest.sig` bind it all. `llmops release verify DIR` checks it.",
        "Documents taken back later stay in the files: `llmops.open_release` and what builds on it leave them out, a",
        "plain Parquet reader or `datasets.load_dataset` does not.",
        "",
        "```python",
        "import llmops",
        "",
        'release = llmops.open_release("release/' + release_id + '")  # verifies, then reads',
        "for document in release.documents():",
        "    print(document.document_id, document.quality.score)",
        "```",
        "",
        f"Verification key: `{facts.key.vkey}` (fingerprint `{facts.key.fingerprint}`).",
        "",
    ]
    return "\n".join(lines).encode()


def _table(heading: str, rows: Iterable[tuple[str, object]]) -> list[str]:
    body = [f"| {_one_line(name)} | {_one_line(str(value))} |" for name, value in rows]
    return [f"## {heading}", "", "| | |", "| --- | --- |", *body, ""] if body else []


def _one_line(text: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.replace("|", "/").split())


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "").replace('"', "") + '"'
