"""For who uses Presidio: our recognizers as an `AnalyzerEngine`, our policies as operators of an `AnonymizerEngine`.

>>> from llmops.presidio import analyzer, operators
>>> from presidio_anonymizer import AnonymizerEngine
>>> text = "Seen by Dr. Amy Roe on 3/14/24."
>>> found = analyzer().analyze(text)  # doctest: +SKIP
>>> AnonymizerEngine().anonymize(text, found, operators("safe_harbor")).text  # doctest: +SKIP
'Seen by Dr. [NAME] on [DATE 2024].'
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from llmops.deid import DeidConfig, load_policy
from llmops.process import forbid_dumps

if TYPE_CHECKING:
    from llmops.deid.detect.presidio import ClinicalAnalyzer

__all__ = ["analyzer", "operators"]


def analyzer(config: DeidConfig | None = None) -> "ClinicalAnalyzer":
    """Make an `AnalyzerEngine` that finds what `llmops.Deidentifier` finds.

    Entity types are our labels (`llmops.phi.PhiLabel`). The process writes no core file and cannot be attached to from
    then on (`llmops.process.forbid_dumps`). One instance serves one thread.

    Args:
        config: NER component, thresholds and recognizers to add; its policy does not matter.

    Raises:
        RecipeError: a model file or an added recognizer cannot be used.
    """
    from llmops.deid.detect.presidio import ClinicalAnalyzer  # noqa: PLC0415 - Presidio and spaCy cost seconds to import

    forbid_dumps()
    return ClinicalAnalyzer(config)


def operators(policy: str = "safe_harbor", *, determination: str = "") -> Mapping[str, Any]:
    """Give the operators of a policy, by entity type, for `AnonymizerEngine.anonymize`.

    Each text stands alone: where the policy wants a stand-in or a shifted date, which need a patient, a placeholder
    takes its place.

    Args:
        policy: name of a bundled policy or path of a YAML file.
        determination: reference of the expert's determination (164.514(b)(1)), where the policy names none.

    Raises:
        RecipeError: the policy cannot be used.
    """
    from llmops.deid.rewrite.operators import presidio_operators  # noqa: PLC0415 - as above

    return presidio_operators(load_policy(policy, determination=determination))
