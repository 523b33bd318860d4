"""What is done to each kind of PHI, under which rule, read from YAML and refused where the rule forbids it."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from llmops.configs import config_file
from llmops.errors import RecipeError
from llmops.phi import PhiLabel
from llmops.yaml_file import read_yaml

_KEYS: Final = ("name", "rule", "basis", "version", "pseudonym", "determination", "keep_weekday", "operators", "zip3")
_OPTIONAL: Final = frozenset({"determination", "keep_weekday"})
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class Operator(StrEnum):
    """What is done to a surface."""

    REDACT = "redact"
    SURROGATE = "surrogate"
    GENERALISE = "generalise"
    SHIFT_DATE = "shift_date"
    KEEP = "keep"


class Basis(StrEnum):
    """The rule of 45 CFR 164.514 a policy claims."""

    SAFE_HARBOR = "safe_harbor"
    LIMITED_DATA_SET = "limited_data_set"
    EXPERT_DETERMINATION = "expert_determination"

    @property
    def section(self) -> str:
        """Where the rule stands."""
        return f"45 CFR 164.514{_SECTION[self]}"


class Pseudonym(StrEnum):
    """How a subject's pseudonym is made: at random with a crosswalk, or derived with a key."""

    RANDOM = "random"
    KEYED = "keyed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A checked policy.

    Args:
        name: name in reports.
        rule: the rule it claims.
        basis: the citation, with the section of the rule.
        version: the author's version number.
        pseudonym: how subjects are named in releases.
        determination: reference of the expert's determination; empty unless that is the rule.
        operators: what is done to each label; complete.
        keep_weekday: whether dates are shifted by whole weeks, so that weekdays stay.
        restricted_zip3: three-digit prefixes that become 000 (164.514(b)(2)(i)(B)).
        zip3_table: which census tables that list stands for.
        digest: SHA-256 of the content in canonical JSON.
    """

    name: str
    rule: Basis
    basis: str
    version: int
    pseudonym: Pseudonym
    determination: str
    keep_weekday: bool
    operators: Mapping[PhiLabel, Operator]
    restricted_zip3: frozenset[str]
    zip3_table: str
    digest: str

    @property
    def policy_id(self) -> str:
        """``"<name>@<first 12 hex digits of the digest>"``, as it stands in every document and audit event."""
        return f"{self.name}@{self.digest[:12]}"


def load_policy(name: str, *, determination: str = "") -> Policy:
    """Load a bundled policy by name, or one by the path of its YAML file.

    Args:
        name: ``"safe_harbor"``, ``"limited_data_set"``, ``"expert_determination"`` or a path ending in ``.yaml``.
        determination: reference of the expert's determination, where the file names none (164.514(b)(1)).

    Raises:
        RecipeError: not found, not well formed, a key unknown or missing, or a pair of label and operator that the rule
            forbids; the message names the key path, the section and the fix.
    """
    path = config_file("deid", name)
    content, _ = read_yaml(path, f"policy {path.name}")
    if determination and isinstance(content, dict):
        content = content | {"determination": determination}
    return parse_policy(content, source=name)


def parse_policy(content: object, *, source: str) -> Policy:
    """Check the content of a policy file; raises as `load_policy` does."""
    raw = _mapping(content, source, "policy")
    _only_keys(raw, _KEYS, source, "")
    missing = [key for key in _KEYS if key not in raw and key not in _OPTIONAL]
    if missing:
        raise RecipeError(f"policy {source}: {missing[0]}: missing; add it")
    zip3 = _mapping(raw["zip3"], source, "zip3")
    _only_keys(zip3, ("table", "restricted"), source, "zip3.")
    policy = Policy(
        name=_name(raw["name"], source),
        rule=_choice(Basis, raw["rule"], source, "rule"),
        basis=_text(raw["basis"], source, "basis"),
        version=_version(raw["version"], source),
        pseudonym=_choice(Pseudonym, raw["pseudonym"], source, "pseudonym"),
        determination=str(raw.get("determination") or ""),
        keep_weekday=_flag(raw.get("keep_weekday", False), source, "keep_weekday"),
        operators=_operators(raw["operators"], source),
        restricted_zip3=_prefixes(zip3.get("restricted"), source),
        zip3_table=_text(zip3.get("table"), source, "zip3.table"),
        digest=hashlib.sha256(json.dumps(raw, sort_keys=True, default=str).encode()).hexdigest(),
    )
    check_legality(policy, source=source)
    return policy


def check_legality(policy: Policy, *, source: str) -> None:
    """Refuse every pair of label and operator that the claimed rule forbids, and a name or citation of another rule.

    Raises:
        RecipeError: names the key path, the section of 45 CFR 164.514 and the fix.
    """
    _check_claim(policy, source)
    for label, operator in policy.operators.items():
        problem = _misuse(label, operator) or _FORBIDDEN[policy.rule](label, operator)
        if problem:
            raise RecipeError(f"policy {source}: operators.{label}: {operator}: {problem}")
    if policy.rule is Basis.SAFE_HARBOR and policy.pseudonym is not Pseudonym.RANDOM:
        raise RecipeError(
            f"policy {source}: pseudonym: {policy.pseudonym}: Safe Harbor codes may not be derived from information "
            "about the individual (164.514(c)(1)); use random"
        )
    if policy.rule is Basis.SAFE_HARBOR and (lacking := sorted(_small_areas() - policy.restricted_zip3)):
        raise RecipeError(
            f"policy {source}: zip3.restricted: {lacking[0]} is missing: Safe Harbor keeps no prefix of 20,000 people "
            f"or fewer (164.514(b)(2)(i)(B)); add {', '.join(lacking)}"
        )
    if policy.rule is Basis.EXPERT_DETERMINATION and not policy.determination.strip():
        raise RecipeError(
            f"policy {source}: determination: missing; 164.514(b)(1) needs the expert's documented one; name it"
        )


def _check_claim(policy: Policy, source: str) -> None:
    """A policy's name is what people read in releases, so it may not be that of a rule that was not applied."""
    plain = re.sub("[_-]", "", policy.name)
    other = next((rule for rule in Basis if rule is not policy.rule and rule.replace("_", "") in plain), None)
    if other:
        raise RecipeError(
            f"policy {source}: name: {policy.name}: is that of the rule {other} ({other.section}), and the policy's "
            f"rule is {policy.rule} ({policy.rule.section}); give it another name"
        )
    if policy.rule.section not in policy.basis:
        raise RecipeError(f"policy {source}: basis: the rule {policy.rule} is {policy.rule.section}; cite that")


@lru_cache(maxsize=1)
def _small_areas() -> frozenset[str]:
    """The bundled list, the least that a policy under Safe Harbor restricts."""
    content, _ = read_yaml(config_file("deid", "safe_harbor"), "policy safe_harbor")
    return _prefixes(content["zip3"]["restricted"], "safe_harbor")


def _misuse(label: PhiLabel, operator: Operator) -> str:
    if operator is Operator.SHIFT_DATE and label is not PhiLabel.DATE:
        return "only DATE can be shifted; use redact"
    if operator is Operator.GENERALISE and label not in _GENERALISABLE:
        return "only DATE, AGE90, ZIP and LOC can be generalised; use redact"
    if operator is Operator.SURROGATE and label in _GENERALISABLE - {PhiLabel.LOC}:
        return "dates, ages and ZIP codes have no stand-in; use generalise, shift_date or redact"
    return ""


def _forbidden_by_safe_harbor(label: PhiLabel, operator: Operator) -> str:
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
    if operator is Operator.KEEP and label not in _LIMITED_DATA_SET_MAY_KEEP:
        return "a limited data set excludes this direct identifier (164.514(e)(2)); use redact or surrogate"
    return ""


def _forbidden_by_expert(label: PhiLabel, operator: Operator) -> str:
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


def _mapping(value: object, source: str, key: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(k, str) for k in value):
        raise RecipeError(f"policy {source}: {key}: must be a mapping of names")
    return value


def _only_keys(raw: Mapping[str, Any], known: tuple[str, ...], source: str, path: str) -> None:
    for key in raw:
        if key not in known:
            raise RecipeError(f"policy {source}: {path}{key}: unknown key; known: {', '.join(known)}")


def _text(value: object, source: str, key: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise RecipeError(f"policy {source}: {key}: must be a text that is not empty")
    return value


def _name(value: object, source: str) -> str:
    """What audit events, documents and dataset cards can hold; refused here, not after the first records."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise RecipeError(f"policy {source}: name: must be at most 64 of a-z, 0-9, _ and -, a letter or digit first")
    return value


def _version(value: object, source: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise RecipeError(f"policy {source}: version: must be a whole number")
    return value


def _flag(value: object, source: str, key: str) -> bool:
    if not isinstance(value, bool):
        raise RecipeError(f"policy {source}: {key}: must be true or false")
    return value


def _choice(kind: Any, value: object, source: str, key: str) -> Any:
    if value not in [str(member) for member in kind]:
        raise RecipeError(f"policy {source}: {key}: must be one of {', '.join(kind)}")
    return kind(value)


def _operators(value: object, source: str) -> Mapping[PhiLabel, Operator]:
    raw = _mapping(value, source, "operators")
    _only_keys(raw, tuple(PhiLabel), source, "operators.")
    missing = [label for label in PhiLabel if label not in raw]
    if missing:
        raise RecipeError(f"policy {source}: operators.{missing[0]}: missing; every label needs an operator")
    return MappingProxyType({label: _choice(Operator, raw[label], source, f"operators.{label}") for label in PhiLabel})


def _prefixes(value: object, source: str) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(v, str) and len(v) == 3 and v.isdigit() for v in value):
        raise RecipeError(f"policy {source}: zip3.restricted: must be a list of quoted three-digit prefixes")
    return frozenset(value)
