"""The format of passages in a prompt; written and parsed here, so that citations can be checked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import re2

from llmops.retrieval.hits import Hit

_OPEN: Final = re2.compile(r'<chunk id="([^"\n]+)" section="([^"\n]*)" title="([^"\n]*)">\n')
_CLOSE: Final = "\n</chunk>"
_CITATION: Final = re2.compile(r"\[([^\[\]\s]+#\d+)\]")
_TAGS: Final = ("<chunk", "</chunk", "<context", "</context", "<question", "</question")
_QUESTION: Final = re2.compile(r"(?s)<question>\n?(.*?)\n?</question>")
_QUESTION_LINE: Final = re2.compile(r"(?im)^[ \t]*question:[ \t]*(.+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A retrieved passage as shown to a model."""

    chunk_id: str
    section: str
    title: str = field(default="", repr=False)
    text: str = field(repr=False)


def passages(hits: Sequence[Hit]) -> tuple[Passage, ...]:
    """Convert hits to passages, in order of rank."""
    return tuple(
        Passage(chunk_id=hit.chunk.chunk_id, section=hit.chunk.section, title=hit.title, text=hit.chunk.text)
        for hit in hits
    )


def render(template: str, question: str, context: Sequence[Passage]) -> str:
    """Fill ``{question}`` and ``{context}`` of a template; other braces stay as they are.

    Passages cannot close their own tags: our tags inside a record's text are escaped with a backslash.
    """
    blocks = [_block(item) for item in context]
    filled = {"{question}": f"<question>\n{_escape(question)}\n</question>", "{context}": _context(blocks)}
    # One pass, so that a brace inside a record is never filled.
    return str(_PLACEHOLDER.sub(lambda match: filled[match.group()], template))


def read_passages(prompt: str) -> tuple[Passage, ...]:
    """Parse the passages in a prompt, in order."""
    found = []
    for match in _OPEN.finditer(prompt):
        stop = prompt.find(_CLOSE, match.end() - 1)
        text = prompt[match.end() : stop if stop >= 0 else len(prompt)]
        found.append(
            Passage(chunk_id=match.group(1), section=match.group(2), title=match.group(3), text=_unescape(text))
        )
    return tuple(found)


def read_question(prompt: str) -> str:
    """Parse the question in a prompt: the tagged one, else the last ``Question:`` line, else the last line."""
    tagged = _QUESTION.findall(prompt)
    if tagged:
        return _unescape(tagged[-1].strip())
    labelled = _QUESTION_LINE.findall(prompt)
    if labelled:
        return str(labelled[-1].strip())
    return next((line.strip() for line in reversed(prompt.splitlines()) if line.strip()), "")


def citations(answer: str) -> tuple[str, ...]:
    """The chunk ids an answer cites as ``[id]``, each once, in order."""
    return tuple(dict.fromkeys(_CITATION.findall(answer)))


def without_citations(answer: str, context: Sequence[Passage]) -> str:
    """Remove the ``[id]`` citations of the context from an answer; other ids are the model's own text and stay."""
    for passage in context:
        answer = answer.replace(f"[{passage.chunk_id}]", "")
    return answer.strip()


_PLACEHOLDER: Final = re2.compile(r"\{question\}|\{context\}")


def _block(passage: Passage) -> str:
    title = " ".join(passage.title.replace('"', "'").split())
    opening = f'<chunk id="{passage.chunk_id}" section="{passage.section}" title="{_escape(title)}">'
    return f"{opening}\n{_escape(passage.text)}{_CLOSE}"


def _context(blocks: Sequence[str]) -> str:
    return "\n".join(["<context>", *blocks, "</context>"])


def _escape(text: str) -> str:
    for tag in _TAGS:
        text = text.replace(tag, f"<\\{tag[1:]}")
    return text


def _unescape(text: str) -> str:
    for tag in _TAGS:
        text = text.replace(f"<\\{tag[1:]}", tag)
    return text
