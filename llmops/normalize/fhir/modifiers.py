"""Read FHIR elements that invert a resource's meaning: negations, refutations, entries made in error."""

from types import MappingProxyType
from typing import Any, Final

from llmops.normalize.fhir.values import objs, string
from llmops.normalize.json_object import Json

_STATUSES: Final = ("status", "docStatus", "verificationStatus", "lifecycleStatus")
_IN_ERROR: Final = "entered-in-error"
_NEGATED_STATUS: Final = MappingProxyType({"not-done": "Not done", "not-taken": "Not taken", "refuted": "Refuted"})
# R4 has doNotPerform and statuses; STU3 and DSTU2 have elements of their own.
_NEGATED_BY: Final[MappingProxyType[str, tuple[object, str]]] = MappingProxyType(
    {
        "doNotPerform": (True, "Prohibited"),
        "prohibited": (True, "Prohibited"),
        "notDone": (True, "Not done"),
        "notPerformed": (True, "Not done"),
        "notGiven": (True, "Not given"),
        "wasNotGiven": (True, "Not given"),
        "wasNotTaken": (True, "Not taken"),
        "taken": ("n", "Not taken"),
    }
)
_PROHIBITION: Final = "http://hl7.org/fhir/StructureDefinition/request-doNotPerform"


def is_retracted(resource: Json) -> bool:
    """Say whether the resource was entered in error, and so has no content.

    Args:
        resource: any resource or backbone element. PHI.
    """
    return any(_IN_ERROR in _words(resource.get(name)) for name in _STATUSES)


def negation(resource: Json) -> str:
    """Return the prefix of a negated statement (``"Prohibited"``, ``"Not done"``, ``"Refuted"``); empty otherwise.

    Args:
        resource: any resource or backbone element. PHI.
    """
    said = [said for name, (value, said) in _NEGATED_BY.items() if resource.get(name) == value]
    extensions = objs(resource.get("modifierExtension"))
    if any(e.get("url") == _PROHIBITION and e.get("valueBoolean") is True for e in extensions):
        said.append(_NEGATED_BY["doNotPerform"][1])
    words = [word for name in _STATUSES for word in _words(resource.get(name))]
    said += [_NEGATED_STATUS[word] for word in words if word in _NEGATED_STATUS]
    return ", ".join(dict.fromkeys(said)).capitalize()


def negating_words() -> frozenset[str]:
    """Return the statuses a negated line need not repeat."""
    return frozenset(_NEGATED_STATUS)


def is_not_understood(resource: Json) -> bool:
    """Say whether an unknown modifier extension may change the meaning; FHIR then forbids processing (R4, 2.4.1.1).

    Args:
        resource: any resource. PHI.
    """
    return any(extension.get("url") != _PROHIBITION for extension in objs(resource.get("modifierExtension")))


def _words(status: Any) -> list[str]:
    """Return the codes of a status, which is a code or, in some resources, a concept."""
    codings = [coding for concept in objs(status) for coding in objs(concept.get("coding")) or [concept]]
    return [word.lower() for word in (string(status), *(string(coding.get("code")) for coding in codings)) if word]
