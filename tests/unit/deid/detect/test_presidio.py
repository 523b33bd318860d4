"""Our recognizers in Presidio's engine, Presidio's recognizers in ours."""

import json
import logging
import time
from pathlib import Path

import pytest
from presidio_analyzer import BatchAnalyzerEngine, PatternRecognizer
from presidio_anonymizer import AnonymizerEngine

from llmops.deid import DeidConfig, Deidentifier, PresidioDeidentifier, load_policy
from llmops.deid.detect.presidio import NETWORK, ClinicalAnalyzer
from llmops.deid.detect.recognizers import FINDERS, LABELS
from llmops.deid.spans import View
from llmops.documents import ClinicalDocument, Kind, Provenance, Reason, Withheld
from llmops.errors import RecipeError
from llmops.phi import PhiLabel
from llmops.presidio import analyzer, operators

NOTES = Path(__file__).resolve().parents[4] / "tests/benchmarks/notes/notes-test.jsonl"
TEXT = "MRN: 44821907. Seen by Dr. Amy Roe on 3/14/24, call 617-555-0143."
RECOGNIZERS = """
recognizers:
  - name: ward_codes
    supported_language: en
    supported_entity: WARD_CODE
    patterns:
      - {name: code, regex: '\\bzq[a-z]{4}\\b', score: 0.7}
"""


@pytest.fixture(scope="module")
def engine():
    return analyzer()


@pytest.fixture
def yaml_file(tmp_path):
    def write(text):
        path = tmp_path / "recognizers.yaml"
        path.write_text(text)
        return str(path)

    return write


def note(text):
    return ClinicalDocument(
        document_id="r1.0",
        record_id="r1",
        subject=(),
        kind=Kind.NOTE,
        text=text,
        provenance=Provenance(format="text", path="text"),
    )


def test_every_rule_and_the_network_are_recognizers_of_the_registry(engine):
    """Each by its own name, with the one label that it finds."""
    recognizers = {one.name: one for one in engine.registry.recognizers}
    assert recognizers.keys() == {*dict(FINDERS), NETWORK}
    assert all(recognizers[name].supported_entities == [str(label)] for name, label in LABELS.items())


def test_a_rule_finds_nothing_but_its_label():
    """Over notes that are dense with identifiers."""
    for line in NOTES.read_text("utf-8").splitlines():
        view = View.of(json.loads(line)["text"])
        for name, find in FINDERS:
            assert {span.label for span in find(view)} <= {LABELS[name]}


def test_the_engine_finds_what_the_deidentifier_finds(engine):
    """Alone, in a batch of Presidio's, and in a text whose characters move when it is composed."""
    texts = [TEXT, "Seen by Dr. Ame\u0301lie Roe-Nun\u0303ez on 3/14/24.", ""]
    expected = [[(f.start, f.end, str(f.label)) for f in found] for found in Deidentifier().detect_many(texts)]
    alone = [[(r.start, r.end, r.entity_type) for r in engine.analyze(text=text, language="en")] for text in texts]
    batch = BatchAnalyzerEngine(engine).analyze_iterator(texts[:1], language="en")
    assert alone == expected
    assert [
        [(r.start, r.end, r.entity_type) for r in sorted(found, key=lambda r: r.start)] for found in batch
    ] == expected[:1]


def test_entities_narrow_the_answer_and_not_the_search(engine):
    """As Presidio's own engine does."""
    found = engine.analyze(text=TEXT, language="en", entities=["DATE"])
    assert [TEXT[one.start : one.end] for one in found] == ["3/14/24"]


def test_results_say_why(engine):
    """The recognizer, its score and the rule, for who asks for the decision process."""
    found = engine.analyze(text=TEXT, language="en", return_decision_process=True)
    number = next(one for one in found if one.entity_type == "MRN")
    assert number.analysis_explanation.recognizer == "mrn"
    assert "164.514" in number.analysis_explanation.textual_explanation
    assert "44821907" not in str(number.analysis_explanation)


@pytest.mark.parametrize("policy", ["safe_harbor", "limited_data_set"])
def test_our_operators_work_in_their_anonymizer(engine, policy):
    """What a policy does to a text that is nobody's."""
    done = AnonymizerEngine().anonymize(TEXT, engine.analyze(TEXT), dict(operators(policy))).text
    assert done == Deidentifier(policy=policy).text(TEXT).text


def test_a_recognizer_in_presidios_yaml_masks_and_propagates(yaml_file):
    """It needs no place in our lists: any other unique code is an identifier (164.514(b)(2)(i)(R))."""
    text = "Moved to zqabcd today. The bed on zqabcd is free."
    assert "zqabcd" in Deidentifier(config=DeidConfig(ner="none")).text(text).text
    done = Deidentifier(config=DeidConfig(recognizers=(yaml_file(RECOGNIZERS),))).text(text)
    assert "zqabcd" not in done.text
    assert {finding.label for finding in done.findings} == {PhiLabel.OTHERID}


def test_an_entity_of_presidios_has_our_label(yaml_file):
    """PERSON is a name."""
    path = yaml_file(RECOGNIZERS.replace("WARD_CODE", "PERSON"))
    (finding,) = Deidentifier(config=DeidConfig(recognizers=(path,))).text("Moved to zqabcd today.").findings
    assert finding.label is PhiLabel.NAME


def test_context_words_raise_a_weak_pattern(yaml_file):
    """Presidio's own context boost, over spaCy's tokens."""
    weak = RECOGNIZERS.replace("score: 0.7}", "score: 0.2}") + "    context: [corridor]\n"
    deidentifier = Deidentifier(config=DeidConfig(recognizers=(yaml_file(weak),), ner="none"))
    assert "zqabcd" not in deidentifier.text("The corridor is zqabcd now.").text
    assert "zqabcd" in deidentifier.text("The lamp is zqabcd now.").text


def test_what_the_first_pass_left_of_it_counts_in_the_second_look(yaml_file, monkeypatch):
    """A document in which an added recognizer still finds something is a risk."""
    config = DeidConfig(recognizers=(yaml_file(RECOGNIZERS),), withhold_above_risk=0.3)
    stage = PresidioDeidentifier(config, load_policy("safe_harbor"), None)
    (good,) = stage.process([note("Moved to zqabcd today.")])
    assert good.residual_risk == 0
    monkeypatch.setattr(ClinicalAnalyzer, "find", lambda _self, texts, _known: iter([() for _ in texts]))
    (answer,) = stage.process([note("Moved to zqabcd today.")])
    assert isinstance(answer, Withheld)
    assert answer.reason is Reason.RESIDUAL_PHI


def test_a_pattern_that_times_out_withholds_the_document(yaml_file, monkeypatch, caplog):
    """Presidio skips it with a warning; nothing may pass because something failed, and nothing is logged."""
    monkeypatch.setattr("presidio_analyzer.pattern_recognizer.REGEX_TIMEOUT_SECONDS", 0.05)
    slow = RECOGNIZERS.replace("'\\bzq[a-z]{4}\\b'", "'(a|a)+$'")
    config = DeidConfig(recognizers=(yaml_file(slow),), ner="none")
    stage = PresidioDeidentifier(config, load_policy("safe_harbor"), None)
    started = time.monotonic()
    logging.disable(logging.CRITICAL)  # as in a worker: what fails closed must not hang on a log line
    try:
        slow_one, other = stage.process([note("a" * 40 + "!"), note("Lungs are clear.")])
    finally:
        logging.disable(logging.NOTSET)
    assert isinstance(slow_one, Withheld)
    assert slow_one.reason is Reason.DEID_FAILED
    assert not isinstance(other, Withheld)
    assert "aaaa" not in caplog.text
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("recognizers: []\n", "must hold a list under 'recognizers'"),
        ("- a\n", "must hold a list under 'recognizers'"),
        (RECOGNIZERS.replace("patterns:", "pattern:"), r"recognizers\.0: Presidio refuses it"),
        (RECOGNIZERS.replace("[a-z]{4}", "[a-"), r"recognizers\.0: Presidio refuses it"),
        (RECOGNIZERS.replace("score: 0.7", "score: 7"), r"recognizers\.0: Presidio refuses it"),
    ],
)
def test_a_file_that_presidio_refuses_is_refused_by_place(yaml_file, text, says):
    """Exit 2; the message names file and item."""
    with pytest.raises(RecipeError, match=says):
        ClinicalAnalyzer(DeidConfig(recognizers=(yaml_file(text),)))


def test_nobody_else_s_recognizers_are_there(engine):
    """None of Presidio's predefined ones, and no network access to make them."""
    assert not any(isinstance(one, PatternRecognizer) for one in engine.registry.recognizers)
