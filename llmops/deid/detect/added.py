"""Load user-supplied Presidio recognizers: a YAML file of pattern recognizers or an installed package.

They take part in judge, propagation and second look. A pattern that times out withholds the document; Presidio alone
would log a warning and skip it.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from presidio_analyzer import EntityRecognizer, PatternRecognizer

from llmops.errors import RecipeError, StageError
from llmops.phi import PhiLabel
from llmops.plugins import Extension, load
from llmops.yaml_file import read_yaml

_PRESIDIO: Final[Mapping[str, PhiLabel]] = {
    "PERSON": PhiLabel.NAME,
    "LOCATION": PhiLabel.LOC,
    "ORGANIZATION": PhiLabel.ORG,
    "DATE_TIME": PhiLabel.DATE,
    "PHONE_NUMBER": PhiLabel.PHONE,
    "EMAIL_ADDRESS": PhiLabel.EMAIL,
    "US_SSN": PhiLabel.SSN,
    "US_BANK_NUMBER": PhiLabel.ACCT,
    "US_DRIVER_LICENSE": PhiLabel.LICENSE,
    "MEDICAL_LICENSE": PhiLabel.LICENSE,
    "IP_ADDRESS": PhiLabel.IP,
}


def label_of(entity: str) -> PhiLabel:
    """Map a Presidio entity type to a label: ours by name, Presidio's own, else OTHERID.

    164.514(b)(2)(i)(R): what no other label covers is still an identifier.
    """
    if entity in PhiLabel.__members__.values():
        return PhiLabel(entity)
    return _PRESIDIO.get(entity, PhiLabel.OTHERID)


class Added:
    """The recognizers that a recipe names.

    Args:
        names: for each, the path of a YAML file or a plug-in name (`llmops.plugins.Extension.RECOGNIZER`).

    Raises:
        RecipeError: one is missing or unusable; the message names it and the fault.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.recognizers: tuple[EntityRecognizer, ...] = tuple(one for name in names for one in _made(name))

    def count(self, text: str) -> int:
        """Count their findings in a text that is about to leave; no NLP artifacts are passed. PHI."""
        nothing: Any = None
        return sum(len(one.analyze(text, one.supported_entities, nothing)) for one in self.recognizers)


def _made(name: str) -> list[EntityRecognizer]:
    if not name.endswith((".yaml", ".yml")):
        maker = load(Extension.RECOGNIZER, name)
        made = maker() if callable(maker) else None
        if not isinstance(made, EntityRecognizer):
            raise RecipeError(f"deid.recognizers: plug-in {name!r} gives no EntityRecognizer")
        return [_strict(made)]
    content, _ = read_yaml(_file(name), f"recognizers {name}")
    listed = content.get("recognizers") if isinstance(content, dict) else None
    if not isinstance(listed, list) or not listed:
        raise RecipeError(f"deid.recognizers: {name}: must hold a list under 'recognizers'")
    return [_pattern_recognizer(name, number, item) for number, item in enumerate(listed)]


def _pattern_recognizer(name: str, number: int, item: Any) -> EntityRecognizer:
    try:
        return _strict(PatternRecognizer.from_dict(dict(item)))
    except Exception as error:  # noqa: BLE001 - whatever Presidio makes of a user's file is the file's fault
        raise RecipeError(
            f"deid.recognizers: {name}: recognizers.{number}: Presidio refuses it ({type(error).__name__}); "
            "it wants name, supported_entity, patterns (name, regex, score) or deny_list, and context"
        ) from None


def _file(name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise RecipeError(f"deid.recognizers: the file {name!r} does not exist")
    return path


class _Strict:
    """A compiled Presidio pattern that raises on time-out instead of skipping: a time-out must not let a text pass."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled

    def finditer(self, text: str, timeout: float) -> Iterator[Any]:
        """Search like the wrapped pattern.

        Raises:
            StageError: the search exceeded ``timeout`` seconds.
        """
        try:
            yield from self._compiled.finditer(text, timeout=timeout)
        except TimeoutError:
            raise StageError("a pattern of an added recognizer timed out") from None


def _strict(recognizer: EntityRecognizer) -> EntityRecognizer:
    if isinstance(recognizer, PatternRecognizer):
        recognizer.analyze("", recognizer.supported_entities)  # compiles every pattern
        patterns: list[Any] = vars(recognizer)["patterns"]
        for pattern in patterns:
            pattern.compiled_regex = _Strict(pattern.compiled_regex)
    return recognizer
