"""``python -m tests.benchmarks.real_text --corpora DIR --output DIR``: real text with marks, outside the repository.

The corpora (dictated reports, ``narrative/mtsamples-dev.jsonl``; abstracts, ``narrative/pubmedqa-dev.jsonl``) are not
part of the project, and none of their text is. ``real_text_marks.jsonl`` has one line per text: its set, its id, the
SHA-256 of its text and its marks, ``[start, end, label]`` in code points; with a fourth member, a surrogate of our own,
the range is replaced first. The same corpora give the same bytes.
"""

import argparse
import hashlib
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MARKS = Path(__file__).with_name("real_text_marks.jsonl")
SOURCES = ("narrative/mtsamples-dev.jsonl", "narrative/pubmedqa-dev.jsonl")
SETS = ("real-dev", "real-train", "abstracts-dev", "abstracts-train")
DICTATED = "real-dev"
"""The set also written as ``real-dev-dictation``: lower case, no punctuation."""
_JOINED = re.compile(r"(?<=\b[A-Za-z])\.(?=[A-Za-z]\b)")
"""Dots in p.r.n. and M.D., which are written as one word."""
_SPACED = re.compile(r"\.(?!\d)|(?<!\d)\.|[:,](?!\d)|(?<!\d)[:,]|[;!?\"()\[\]{}*_|\s]|(?<!\w)[-/]|[-/](?!\w)")


def build(corpora: Path, output: Path) -> dict[str, int]:
    """Write each set as JSON Lines ``{"id", "text", "spans"}``; return the number of texts of each.

    Args:
        corpora: the folder that holds ``narrative``.
        output: a folder outside the repository; created if missing.

    Raises:
        ValueError: a text of the corpora is missing or differs from the marked one; names its id.
    """
    texts = dict(_texts(corpora))
    sets: dict[str, list[str]] = defaultdict(list)
    for line in MARKS.read_text(encoding="utf-8").splitlines():
        marked = json.loads(line)
        note = apply(_checked(texts, marked), marked["marks"])
        sets[marked["set"]].append(_line(marked["id"], *note))
        if marked["set"] == DICTATED:
            sets[f"{DICTATED}-dictation"].append(_line(marked["id"], *dictated(*note)))
    output.mkdir(parents=True, exist_ok=True)
    for name, lines in sets.items():
        (output / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {name: len(lines) for name, lines in sets.items()}


def apply(text: str, marks: list[list[Any]]) -> tuple[str, list[tuple[int, int, str]]]:
    """Return the text with its surrogates, and the marked ranges in it."""
    pieces: list[str] = []
    spans = []
    position = length = 0
    for start, end, label, *surrogate in marks:
        surface = surrogate[0] if surrogate else text[start:end]
        pieces += [text[position:start], surface]
        length += start - position
        spans.append((length, length + len(surface), label))
        length += len(surface)
        position = end
    return "".join([*pieces, text[position:]]), spans


def dictated(text: str, spans: list[tuple[int, int, str]]) -> tuple[str, list[tuple[int, int, str]]]:
    """Format a text like speech recognition: lower case, one line, no punctuation except in numbers."""
    spoken = [character.lower() for character in text]
    for match in _SPACED.finditer(text):
        spoken[match.start()] = " "
    for match in _JOINED.finditer(text):
        spoken[match.start()] = ""
    for position in range(len(spoken) - 1, 0, -1):
        if spoken[position] == spoken[position - 1] == " ":
            spoken[position] = ""
    offsets = [0]
    for character in spoken:
        offsets.append(offsets[-1] + len(character))
    return "".join(spoken), [(offsets[start], offsets[end], label) for start, end, label in spans]


def _texts(corpora: Path) -> Iterator[tuple[str, str]]:
    for source in SOURCES:
        with (corpora / source).open(encoding="utf-8") as lines:
            for line in lines:
                report = json.loads(line)
                yield report["id"], report["text"]


def _checked(texts: dict[str, str], marked: dict[str, Any]) -> str:
    text = texts.get(marked["id"], "")
    if hashlib.sha256(text.encode()).hexdigest() != marked["sha256"]:
        raise ValueError(f"{marked['id']}: the corpora do not hold the text that was marked")
    return text


def _line(identity: str, text: str, spans: list[tuple[int, int, str]]) -> str:
    marks = [{"start": start, "end": end, "label": label} for start, end, label in spans]
    return json.dumps({"id": identity, "text": text, "spans": marks})


def main() -> int:
    """Build the sets and print the number of texts of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    try:
        counts = build(options.corpora, options.output)
    except (OSError, ValueError) as error:
        print(f"real_text: {error}", file=sys.stderr)
        return 2
    print(json.dumps(counts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
