"""De-identify text or documents under a named policy; the public API."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from llmops.deid.config import DeidConfig
from llmops.deid.detect.detector import Detector
from llmops.deid.detect.recognizers.names.name import CREDENTIAL
from llmops.deid.policy import Policy, load_policy
from llmops.deid.rewrite.operators import Rewriter, dates_of
from llmops.deid.spans import Span
from llmops.deid.stage import PresidioDeidentifier
from llmops.deid.subjects import NOBODY, SubjectVault
from llmops.documents import ClinicalDocument, DeidentifiedDocument, Withheld
from llmops.errors import RecipeError
from llmops.phi import PLACEHOLDER, Detection, PhiFinding
from llmops.process import forbid_dumps

_AT_ONCE = 64
_CREDENTIALED: Final = re.compile(
    PLACEHOLDER.pattern + rf"[ \t]?[,(-]?[ \t]?{CREDENTIAL}\b\.?(?:[ \t]?[,/-]?[ \t]?{CREDENTIAL}\b\.?)*"
)
"""A placeholder with the credentials after it, which look like a surname once the name is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeidentifiedText:
    """A text after de-identification.

    Args:
        text: the new text; may hold residual PHI.
        findings: the PHI found and the operators applied, with offsets in the new text.
    """

    text: str = field(repr=False)
    findings: tuple[PhiFinding, ...] = ()


class Deidentifier:
    """De-identify texts and documents under one policy.

    >>> Deidentifier(policy="safe_harbor").text("Seen by Dr. Amy Roe on 3/14/24.").text  # doctest: +SKIP
    'Seen by Dr. [NAME] on [DATE 2024].'

    The model loads on first use. Not thread-safe. From then on the process writes no core file and cannot be attached
    to (`llmops.process.forbid_dumps`).

    Args:
        policy: name of a bundled policy or path of a YAML file.
        config: further settings; its ``policy`` is used if ``policy`` is empty.
        vault: known identifiers of patients, for `documents`.

    Raises:
        RecipeError: the policy cannot be used.
    """

    def __init__(
        self, policy: Path | str = "", *, config: DeidConfig | None = None, vault: SubjectVault | None = None
    ) -> None:
        forbid_dumps()
        settings = config or DeidConfig()
        self._policy: Policy = load_policy(str(policy or settings.policy), determination=settings.determination)
        self._detector = Detector(settings)
        self._stage = PresidioDeidentifier(settings, self._policy, vault, self._detector)

    @property
    def policy(self) -> Policy:
        """The checked policy."""
        return self._policy

    def text(self, text: str) -> DeidentifiedText:
        """De-identify one text on its own.

        Args:
            text: any text. PHI.

        Raises:
            RecipeError: not a string.
        """
        if not isinstance(text, str):
            raise RecipeError("deid: what is de-identified must be a str")
        (spans,) = self._detector.find([text])
        rewriter = Rewriter(self._policy, NOBODY, dates=dates_of([(text, spans)]))
        new, findings = rewriter.rewrite(text, spans)
        return DeidentifiedText(text=new, findings=findings)

    def detect(self, text: str) -> list[Detection]:
        """Find PHI in one text; offsets refer to the given text, which is not changed."""
        return next(self.detect_many([text]))

    def detect_many(self, texts: Iterable[str]) -> Iterator[list[Detection]]:
        """Find PHI in many texts, in order; faster than one by one."""
        waiting = iter(texts)
        while batch := list(islice(waiting, _AT_ONCE)):
            for spans in self._detector.find(batch):
                yield [_finding(span) for span in spans]

    def documents(self, documents: Iterable[ClinicalDocument]) -> Iterator[DeidentifiedDocument | Withheld]:
        """De-identify documents, in order; a document that fails is returned as withheld, with the reason."""
        waiting = iter(documents)
        while batch := list(islice(waiting, _AT_ONCE)):
            yield from self._stage.process(batch)


class Scanner:
    """Search text that is about to leave for PHI; implements `llmops.stage.PhiScanner`.

    Placeholders are not PHI, nor are credentials directly after one (``[NAME] RD``).

    Args:
        config: detection settings; the policy is ignored.
    """

    def __init__(self, config: DeidConfig | None = None) -> None:
        self._detector = Detector(config or DeidConfig())

    def scan(self, text: str) -> Sequence[PhiFinding]:
        """Find PHI in ``text``; offsets are code points."""
        (spans,) = self._detector.find([text])
        cleared = [match.span() for match in _CREDENTIALED.finditer(text)]
        return [
            _finding(span)
            for span in spans
            if not any(start <= span.start and span.end <= end for start, end in cleared)
        ]


def _finding(span: Span) -> Detection:
    return Detection(start=span.start, end=span.end, label=span.label, score=span.score, recognizer=span.recognizer)
