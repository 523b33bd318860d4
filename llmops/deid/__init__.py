"""De-identify clinical documents; the only package that imports Presidio and spaCy."""

from llmops.deid.config import DeidConfig
from llmops.deid.deidentifier import DeidentifiedText, Deidentifier, Scanner
from llmops.deid.policy import Operator, Policy, load_policy
from llmops.deid.stage import PresidioDeidentifier
from llmops.deid.subjects import SubjectVault

__all__ = [
    "DeidConfig",
    "DeidentifiedText",
    "Deidentifier",
    "Operator",
    "Policy",
    "PresidioDeidentifier",
    "Scanner",
    "SubjectVault",
    "load_policy",
]
