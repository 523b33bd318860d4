"""Load policies: the operator for each PHI label and the claimed rule; refuse what the rule forbids."""

import hashlib
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Final, TypeAlias

from pydantic import Field

from llmops.configs import config_file
from llmops.errors import RecipeError
from llmops.phi import PhiLabel
from llmops.validation import READ_ONLY, Declared, Must, Wording, validated
from llmops.yaml_file import read_yaml


class Operator(StrEnum):
    """The operation applied to a surface."""

    REDACT = "redact"
    SURROGATE = "surrogate"
    GENERALISE = "generalise"
    SHIFT_DATE = "shift_date"
    KEEP = "keep"


class Basis(StrEnum):
    """The rule of 45 CFR 164.514 that a policy claims."""

    SAFE_HARBOR = "safe_harbor"
    LIMITED_DATA_SET = "limited_data_set"
    EXPERT_DETERMINATION = "expert_determination"

    @property
    def section(self) -> str:
        """The section of the rule."""
        return f"45 CFR 164.514{_SECTION[self]}"


class Pseudonym(StrEnum):
    """How a subject's pseudonym is made: random with a crosswalk, or derived with a key."""

    RANDOM = "random"
    KEYED = "keyed"


_Text: TypeAlias = Annotated[str, Field(pattern=r"\S"), Must("be a text that is not empty")]
_Operator: TypeAlias = Annotated[Operator, Must(f"be one of {', '.join(Operator)}")]
_WORDING: Final = Wording()


class Zip3(Declared):
    """The three-digit ZIP prefixes replaced by 000 (164.514(b)(2)(i)(B)).

    Args:
        table: the census tables the list is derived from.
        restricted: the prefixes.
    """

    table: _Text
    restricted: Annotated[
        frozenset[Annotated[str, Field(pattern="^[0-9]{3}$")]], Must("be a list of quoted three-digit prefixes")
    ]


class PolicyFile(Declared):
    """The content of a policy file.

    Args:
        name: name in reports, audit events, documents and dataset cards.
        rule: the rule it claims.
        basis: the citation, with the section of the rule.
        version: the author's version number.
        pseudonym: how subjects' pseudonyms are made.
        determination: reference of the expert's determination; empty under any other rule.
        keep_weekday: whether dates shift by whole weeks, preserving weekdays.
        operators: operator for each label.
        zip3: ZIP prefixes too small to keep.
    """

    name: Annotated[
        str,
        Field(pattern="^[a-z0-9][a-z0-9_-]{0,63}$"),
        Must("be at most 64 of a-z, 0-9, _ and -, a letter or digit first"),
    ]
    rule: Annotated[Basis, Must(f"be one of {', '.join(Basis)}")]
    basis: _Text
    version: Annotated[int, Must("be a whole number")]
    pseudonym: Annotated[Pseudonym, Must(f"be one of {', '.join(Pseudonym)}")]
    determination: Annotated[str | None, Must("be a text; quote it")] = None
    keep_weekday: Annotated[bool, Must("be true or false")] = False
    operators: Annotated[Mapping[PhiLabel, _Operator], READ_ONLY]
    zip3: Zip3


class Policy(PolicyFile):
    """A checked policy: complete, and legal under its claimed rule.

    Args:
        digest: SHA-256 of the content in canonical JSON.
    """

    digest: str

    @property
    def policy_id(self) -> str:
        """``"<name>@<first 12 hex digits of the digest>"``, as recorded in every document and audit event."""
        return f"{self.name}@{self.digest[:12]}"

    @property
    def restricted_zip3(self) -> frozenset[str]:
        """Three-digit prefixes replaced by 000 (164.514(b)(2)(i)(B))."""
        return self.zip3.restricted


def load_policy(name: str, *, determination: str = "") -> Policy:
    """Load a bundled policy by name, or a policy file by path.

    Args:
        name: ``"safe_harbor"``, ``"limited_data_set"``, ``"expert_determination"`` or a path ending in ``.yaml``.
        determination: reference of the expert's determination, if the file names none (164.514(b)(1)).

    Raises:
        RecipeError: not found, malformed, unknown or missing key, or an operator forbidden for its label; the message
            names the key path, the section and the fix.
    """
    path = config_file("deid", name)
    content, _ = read_yaml(path, f"policy {path.name}")
    if determination and isinstance(content, dict):
        content = content | {"determination": determination}
    declared = validated(PolicyFile, content, what=f"policy {name}", wording=_WORDING)
    check_legality(declared, source=name)
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
    return Policy.model_construct(**dict(declared), digest=digest)


def check_legality(policy: PolicyFile, *, source: str) -> None:
    """Refuse what the claimed rule forbids: operators, pseudonyms, ZIP prefixes, another rule's name or citation.

    Args:
        policy: content of the file.
        source: name of the file in errors.

    Raises:
        RecipeError: names the key path, the section of 45 CFR 164.514 and the fix.
    """
    _check_claim(policy, source)
    _check_operators(policy, source)
    if policy.rule is Basis.SAFE_HARBOR:
        _check_safe_harbor(policy, source)
    if policy.rule is Basis.EXPERT_DETERMINATION and not (policy.determination or "").strip():
        raise RecipeError(
            f"policy {source}: determination: missing; 164.514(b)(1) needs the expert's documented one; name it"
        )


def _check_claim(policy: PolicyFile, source: str) -> None:
    """Refuse the name of a rule that was not applied: the policy's name is what people read in releases."""
    plain = re.sub("[_-]", "", policy.name)
    other = next((rule for rule in Basis if rule is not policy.rule and rule.replace("_", "") in plain), None)
    if other:
        raise RecipeError(
            f"policy {source}: name: {policy.name}: is that of the rule {other} ({other.section}), and the policy's "
            f"rule is {policy.rule} ({policy.rule.section}); give it another name"
        )
    if policy.rule.section not in policy.basis:
        raise RecipeError(f"policy {source}: basis: the rule {policy.rule} is {policy.rule.section}; cite that")


def _check_operators(policy: PolicyFile, source: str) -> None:
    """Refuse a label without an operator, which would be left unchanged, and an operator its label may not have."""
    if missing := [label for label in PhiLabel if label not in policy.operators]:
        raise RecipeError(f"policy {source}: operators.{missing[0]}: missing; every label needs an operator")
    for label in PhiLabel:
        operator = policy.operators[label]
        if problem := _misuse(label, operator) or _FORBIDDEN[policy.rule](label, operator):
            raise RecipeError(f"policy {source}: operators.{label}: {operator}: {problem}")


def _check_safe_harbor(policy: PolicyFile, source: str) -> None:
    """Refuse derived codes (164.514(c)(1)) and ZIP prefixes of 20,000 people or fewer (164.514(b)(2)(i)(B))."""
    if policy.pseudonym is not Pseudonym.RANDOM:
        raise RecipeError(
            f"policy {source}: pseudonym: {policy.pseudonym}: Safe Harbor codes may not be derived from information "
            "about the individual (164.514(c)(1)); use random"
        )
    if lacking := sorted(_small_areas() - policy.zip3.restricted):
        raise RecipeError(
            f"policy {source}: zip3.restricted: {lacking[0]} is missing: Safe Harbor keeps no prefix of 20,000 people "
            f"or fewer (164.514(b)(2)(i)(B)); add {', '.join(lacking)}"
        )


@lru_cache(maxsize=1)
def _small_areas() -> frozenset[str]:
    """Return the bundled list, the minimum a Safe Harbor policy must restrict."""
    content, _ = read_yaml(config_file("deid", "safe_harbor"), "policy safe_harbor")
    return frozenset(content["zip3"]["restricted"])


def _misuse(label: PhiLabel, operator: Operator) -> str:
    """Say why no rule allows the operator for the label; empty if allowed."""
    if operator is Operator.SHIFT_DATE and label is not PhiLabel.DATE:
        return "only DATE can be shifted; use redact"
    if operator is Operator.GENERALISE and label not in _GENERALISABLE:
        return "only DATE, AGE90, ZIP and LOC can be generalised; use redact"
    if operator is Operator.SURROGATE and label in _GENERALISABLE - {PhiLabel.LOC}:
        return "dates, ages and ZIP codes have no stand-in; use generalise, shift_date or redact"
    return ""


def _forbidden_by_safe_harbor(label: PhiLabel, operator: Operator) -> str:
    """Say why Safe Harbor forbids the operator: identifiers (A) to (R) of 164.514(b)(2)(i) must be removed."""
    section = f"164.514(b)(2)(i)({_PARAGRAPH[label]})"
    if operator is Operator.SHIFT_DATE:
        return (
            f"Safe Harbor lets no date finer than a year survive, shifted or not ({section}); use generalise or redact"
        )
    if operator is Operator.GENERALISE and label is PhiLabel.LOC:
        return f"Safe Harbor removes every place smaller than a state, towns too ({section}); use redact or surrogate"
    if operator is Operator.KEEP and label is PhiLabel.AGE90:
        return f"Safe Harbor aggregates all ages over 89 into 90 or older ({section}); use generalise or redact"
    if operator is Operator.KEEP:
        return f"Safe Harbor removes this identifier ({section}); use redact"
    return ""


def _forbidden_in_limited_data_set(label: PhiLabel, operator: Operator) -> str:
    """Say why a limited data set forbids the operator: the direct identifiers of 164.514(e)(2) must be removed."""
    if operator is Operator.KEEP and label not in _LIMITED_DATA_SET_MAY_KEEP:
        return "a limited data set excludes this direct identifier (164.514(e)(2)); use redact or surrogate"
    return ""


def _forbidden_by_expert(label: PhiLabel, operator: Operator) -> str:
    """Say why no determination under 164.514(b)(1)(i) can allow it: a name, SSN or MRN alone identifies."""
    if operator is Operator.KEEP and label in {PhiLabel.NAME, PhiLabel.SSN, PhiLabel.MRN}:
        return "no determination of very small risk covers it as it stands (164.514(b)(1)(i)); use surrogate or redact"
    return ""


_SECTION: Final = MappingProxyType(
    {Basis.SAFE_HARBOR: "(b)(2)", Basis.LIMITED_DATA_SET: "(e)", Basis.EXPERT_DETERMINATION: "(b)(1)"}
)
_GENERALISABLE: Final = frozenset({PhiLabel.DATE, PhiLabel.AGE90, PhiLabel.ZIP, PhiLabel.LOC})
_LIMITED_DATA_SET_MAY_KEEP: Final = frozenset({PhiLabel.DATE, PhiLabel.AGE90, PhiLabel.ZIP, PhiLabel.OTHERID})
_FORBIDDEN: Final = MappingProxyType(
    {
        Basis.SAFE_HARBOR: _forbidden_by_safe_harbor,
        Basis.LIMITED_DATA_SET: _forbidden_in_limited_data_set,
        Basis.EXPERT_DETERMINATION: _forbidden_by_expert,
    }
)
_PARAGRAPH: Final = MappingProxyType(
    dict(
        zip(
            (label for label in PhiLabel),
            ["A", "B", "B", "B", "C", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R"],
            strict=True,
        )
    )
)
