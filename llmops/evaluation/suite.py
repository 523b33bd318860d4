"""A suite of prompts and cases, read from YAML."""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, Final, Union

import orjson
from pydantic import Field, create_model, field_validator, model_validator

from llmops.configs import config_file
from llmops.documents import Kind
from llmops.errors import RecipeError
from llmops.evaluation.assertions import BUNDLED, AnyAssertion
from llmops.plugins import Extension, load
from llmops.retrieval.hits import Filter
from llmops.validation import Declared, Wording, validated
from llmops.yaml_file import read_yaml

_MAX_BYTES: Final = 2_000_000
_WORDING: Final = Wording(unknown="{path}: no such key", missing="{path}: is required", hint=lambda *_: "")


class Where(Declared):
    """Filter on the documents that a case searches; all by default."""

    kind: Kind | None = None
    doc_type: str = ""
    section: str = ""

    def filter(self) -> Filter:
        """Convert to a search filter."""
        return Filter(kind=self.kind, doc_type=self.doc_type, section=self.section)


class Prices(Declared):
    """Token prices of a model."""

    input_per_million: float = Field(ge=0)
    output_per_million: float = Field(ge=0)
    currency: str = "USD"


class Defaults(Declared):
    """Default settings of a case."""

    k: int = Field(default=5, ge=1, le=100)
    assertions: tuple[AnyAssertion, ...] = ()


class Case(Declared):
    """One question with its assertions.

    Args:
        id: unique in the suite.
        question: what is asked.
        k: number of passages to retrieve; by default the suite's.
        filter: documents to search.
        prompts: names of the prompts to use; all by default.
        inherit: whether the suite's default assertions apply too.
        assertions: conditions on the answer.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")
    question: str = Field(min_length=3)
    k: int | None = Field(default=None, ge=1, le=100)
    filter: Where = Where()
    prompts: tuple[str, ...] = ()
    inherit: bool = True
    assertions: tuple[AnyAssertion, ...] = ()


class Suite(Declared):
    """A named, versioned set of cases."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    version: str = Field(min_length=1)
    description: str = ""
    prompts: dict[str, str] = Field(min_length=1)
    defaults: Defaults = Defaults()
    prices: Prices | None = None
    cases: tuple[Case, ...] = Field(min_length=1)

    @field_validator("prompts")
    @classmethod
    def _has_places(cls, prompts: dict[str, str]) -> dict[str, str]:
        for template in prompts.values():
            if template.count("{question}") != 1 or template.count("{context}") != 1:
                raise ValueError("each prompt needs {question} and {context}, once each")
        return prompts

    @model_validator(mode="after")
    def _is_consistent(self) -> "Suite":
        ids = [case.id for case in self.cases]
        if len(set(ids)) != len(ids):
            raise ValueError("two cases have the same id")
        if any(name not in self.prompts for case in self.cases for name in case.prompts):
            raise ValueError("a case names a prompt that the suite does not have")
        if any(not self.assertions_of(case) for case in self.cases):
            raise ValueError("a case asserts nothing, so it could not fail")
        return self

    def assertions_of(self, case: Case) -> tuple[AnyAssertion, ...]:
        """All assertions of a case, its own first."""
        return case.assertions + (self.defaults.assertions if case.inherit else ())

    @property
    def size(self) -> int:
        """Number of prompts sent: every case with each of its prompts."""
        return sum(len(case.prompts or self.prompts) for case in self.cases)

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the suite's content; comments and layout do not count."""
        dumped = self.model_dump(mode="json", by_alias=True)
        return hashlib.sha256(orjson.dumps(dumped, option=orjson.OPT_SORT_KEYS)).hexdigest()


def load_suite(name: str, plugins: Sequence[str] = ()) -> Suite:
    """Read a suite by bundled name or file path.

    Args:
        name: bundled name or path.
        plugins: names of assertions added by installed packages (`llmops.plugins.Extension.ASSERTION`).

    Raises:
        RecipeError: it cannot be read; names the key path, never a value. A plug-in is not installed or is no
            assertion.
    """
    path = config_file("evaluation", name)
    if path.stat().st_size > _MAX_BYTES:
        raise RecipeError(f"evaluation suite: larger than {_MAX_BYTES} bytes")
    content, _ = read_yaml(path, "evaluation suite")
    return validated(_with_plugins(plugins), content, what="evaluation suite", wording=_WORDING)


def _with_plugins(names: Sequence[str]) -> type[Suite]:
    """Suite model that also accepts the assertions of installed packages."""
    if not names:
        return Suite
    added = tuple(load(Extension.ASSERTION, name) for name in names)
    if not all(isinstance(one, type) and issubclass(one, Declared) and hasattr(one, "check") for one in added):
        raise RecipeError("evaluation.assertions: a plug-in is no assertion: a subclass of Declared with check()")
    one_of: Any = Annotated[Union[(*BUNDLED, *added)], Field(discriminator="use")]
    defaults = create_model("Defaults", __base__=Defaults, assertions=(tuple[one_of, ...], ()))
    case: Any = create_model("Case", __base__=Case, assertions=(tuple[one_of, ...], ()))
    fields: Any = {"defaults": (defaults, defaults()), "cases": (tuple[case, ...], Field(min_length=1))}
    return create_model("Suite", __base__=Suite, **fields)
