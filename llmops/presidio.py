"""Presidio integration: our recognizers as an `AnalyzerEngine`, our policies as `AnonymizerEngine` operators.

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
    """Make an `AnalyzerEngine` with the findings of `llmops.Deidentifier`.

    Entity types are our labels (`llmops.phi.PhiLabel`). From the call on, the process writes no core file and cannot be
    attached to (`llmops.process.forbid_dumps`). One instance serves one thread.

    Args:
        config: NER component, thresholds and added recognizers; its policy is ignored.

    Raises:
        RecipeError: a model file or an added recognizer cannot be used.
    """
    from llmops.deid.detect.presidio import ClinicalAnalyzer  # noqa: PLC0415 - Presidio and spaCy cost seconds to import

    forbid_dumps()
    return ClinicalAnalyzer(config)


def operators(policy: str = "safe_harbor", *, determination: str = "") -> Mapping[str, Any]:
    """Return the operators of a policy, by entity type, for `AnonymizerEngine.anonymize`.

    Each text is processed alone: surrogates and shifted dates, which need a patient, become placeholders.

    Args:
        policy: name of a bundled policy or path of a YAML file.
        determination: reference of the expert's determination (164.514(b)(1)), if the policy has none.

    Raises:
        RecipeError: the policy cannot be used.
    """
    from llmops.deid.rewrite.operators import presidio_operators  # noqa: PLC0415 - as above

    return presidio_operators(load_policy(policy, determination=determination))
