"""What each assertion accepts and refuses."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from llmops.evaluation.assertions import Answer, AnyAssertion
from llmops.evaluation.assertions.numeric import measures
from llmops.evaluation.assertions.units import convert
from llmops.evaluation.prompt import Passage
from llmops.phi import PhiFinding, PhiLabel

CONTEXT = (
    Passage(
        chunk_id="r1.0#0", section="findings", text="The ejection fraction is 55%. No pericardial effusion is seen."
    ),
    Passage(chunk_id="r2.0#3", section="medications", text="Apixaban 5 mg twice daily. Denies bleeding."),
)


class FindsRoe:
    """Finds one invented name."""

    def scan(self, text: str) -> Sequence[PhiFinding]:
        """Find every ``Roe``."""
        at = text.find("Roe")
        return [PhiFinding(start=at, end=at + 3, label=PhiLabel.NAME)] if at >= 0 else []


def code(declared: dict[str, Any], text: str, scanner: FindsRoe | None = None) -> str:
    """What an assertion says of an answer."""
    assertion: Any = TypeAdapter(AnyAssertion).validate_python(declared, strict=False)
    outcome = assertion.check(Answer(text=text, context=CONTEXT, scanner=scanner))
    assert outcome.passed == (outcome.code == "ok")
    return str(outcome.code)


@pytest.mark.parametrize(
    ("declared", "text", "expected"),
    [
        ({"use": "contains", "any_of": ("APIXABAN",)}, "takes  apixaban", "ok"),
        ({"use": "contains", "any_of": ("warfarin", "apixaban  5 mg")}, "Apixaban 5\nmg", "ok"),
        ({"use": "contains", "any_of": ("r1.0",)}, "See there [r1.0#0]", "text_missing"),
        ({"use": "not_contains", "none_of": ("Roe",)}, "nobody", "ok"),
        ({"use": "not_contains", "none_of": ("Roe",)}, "Jane ROE", "text_present"),
        ({"use": "regex", "pattern": r"(?i)ef.*\d+%"}, "EF is 55%", "ok"),
        ({"use": "regex", "pattern": "^x"}, "EF", "no_match"),
        ({"use": "json_schema", "schema": {"type": "object", "required": ["ef"]}}, '{"ef": 55}', "ok"),
        ({"use": "json_schema", "schema": {"type": "object"}}, '```json\n{"ef": 55}\n```', "ok"),
        ({"use": "json_schema", "schema": {"required": ["ef"]}}, "{}", "schema_violated"),
        ({"use": "json_schema", "schema": {}}, "EF is 55", "not_json"),
        ({"use": "json_schema", "schema": {}}, "[" * 20000, "not_json"),
        ({"use": "json_schema", "schema": {"$ref": "http://example.org/s.json"}}, "{}", "schema_unresolvable"),
        ({"use": "cites"}, "55% [r1.0#0]", "ok"),
        ({"use": "cites", "at_least": 2}, "55% [r1.0#0] [r1.0#0]", "citation_missing"),
        ({"use": "cites"}, "55%", "citation_missing"),
        ({"use": "cites"}, "55% [r1.0#0] [r9.0#9]", "unknown_citation"),
        ({"use": "supported"}, "The ejection fraction is 55%. [r1.0#0]", "ok"),
        ({"use": "supported"}, "The ejection fraction is 65%.", "unsupported_sentence"),
        ({"use": "supported"}, "The ejection fraction is 55%. The patient has asthma.", "unsupported_sentence"),
        ({"use": "supported"}, "A pericardial effusion is seen.", "unsupported_sentence"),
        ({"use": "supported"}, "pericardial effusion is seen.", "unsupported_sentence"),
        ({"use": "supported"}, "No pericardial effusion.", "ok"),
        ({"use": "supported"}, "The records provided do not answer this.", "ok"),
        ({"use": "supported"}, "", "no_claim"),
        ({"use": "refuses"}, "The records provided do not answer this.", "ok"),
        ({"use": "refuses"}, "I cannot determine that from the context.", "ok"),
        ({"use": "refuses"}, "The ejection fraction is 55%.", "answered"),
        ({"use": "refuses"}, "This is not documented. [r1.0#0]", "answered"),
        ({"use": "no_phi"}, "anything", "no_scanner"),
    ],
)
def test_outcomes(declared: dict[str, Any], text: str, expected: str) -> None:
    """Each assertion holds where it should, and says why where it does not."""
    assert code(declared, text) == expected


@pytest.mark.parametrize(
    ("wanted", "text", "expected"),
    [
        ({"value": 55, "unit": "%"}, "EF 55 %", "ok"),
        ({"value": 55, "unit": "%"}, "EF 55% or 0.55", "ok"),
        ({"value": 13.2, "unit": "g/dL"}, "132 g/L", "ok"),
        ({"value": 13.2, "unit": "g/dL"}, "13.2 mg/dL", "wrong_unit"),
        ({"value": 13.2, "unit": "g/dL"}, "13.2", "wrong_unit"),
        ({"value": 13.2, "unit": "g/dL", "tolerance": 0.1}, "13.29 g/dL", "ok"),
        ({"value": 13.2, "unit": "g/dL", "tolerance": 0.1}, "13.31 g/dL", "wrong_value"),
        ({"value": 120, "unit": "mmHg"}, "BP 120/80 mmHg", "wrong_unit"),
        ({"value": 80, "unit": "mm[Hg]"}, "BP 120/80 mmHg", "ok"),
        ({"value": 98.6, "unit": "[degF]", "tolerance": 0.05}, "37.0 °C", "ok"),
        ({"value": 1500}, "1,500 mL", "ok"),
        ({"value": 13.2, "unit": "g/dL"}, "| Hemoglobin | 13.2 | g/dL |", "ok"),
        ({"value": 13, "unit": "mm"}, "a 1.3 cm nodule", "ok"),
        ({"value": 13, "unit": "mm"}, "a 13-mm nodule", "ok"),
        ({"value": -2.5}, "T-score -2.5", "ok"),
        ({"value": 72, "unit": "/min"}, "HR 72 bpm", "ok"),
        ({"value": 5}, "no figure", "no_number"),
        ({"value": 12}, "T12 compression", "no_number"),
    ],
)
def test_numbers(wanted: dict[str, Any], text: str, expected: str) -> None:
    """Value and unit must agree, after conversion where both measure the same thing."""
    assert code({"use": "numeric", **wanted}, text) == expected


def test_phi_in_an_answer_is_found_also_inside_a_made_up_citation() -> None:
    """Only citations of passages that were retrieved are left out of the scan."""
    assert code({"use": "no_phi"}, "Stable. [r1.0#0]", FindsRoe()) == "ok"
    assert code({"use": "no_phi"}, "Stable. [Roe#1]", FindsRoe()) == "phi_found"


@pytest.mark.parametrize(
    "declared",
    [
        {"use": "regex", "pattern": "(?=x)"},
        {"use": "json_schema", "schema": {"type": 5}},
        {"use": "contains", "any_of": ()},
        {"use": "unknown"},
        {"use": "cites", "extra": 1},
    ],
)
def test_a_senseless_assertion_is_refused(declared: dict[str, Any]) -> None:
    """Before any model is asked."""
    with pytest.raises(ValidationError):
        TypeAdapter(AnyAssertion).validate_python(declared)


@given(st.text(max_size=200))
def test_any_answer_is_judged(text: str) -> None:
    """No answer makes an assertion raise."""
    for declared in (
        {"use": "supported"},
        {"use": "cites"},
        {"use": "refuses"},
        {"use": "numeric", "value": 1, "unit": "mg"},
    ):
        code(declared, text)
    list(measures(text))


@given(st.floats(0.01, 1e6), st.sampled_from(["g/L", "mg/dL", "ug/mL", "kg/m"]))
def test_converting_there_and_back_changes_nothing(value: float, unit: str) -> None:
    """And units of different things do not convert."""
    there = convert(value, unit, "g/L")
    if unit == "kg/m":
        assert there is None
    else:
        assert there is not None
        assert convert(there, "g/L", unit) == pytest.approx(value)
