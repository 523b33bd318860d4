"""The stage: one answer each, the cap, the minimum, and what documents are compared by."""

import subprocess
import sys
from dataclasses import replace

import pytest

from llmops.documents import Field, Kind, Reason, ScoredDocument, StageName, Withheld
from llmops.quality import QualityConfig, Scorer
from llmops.quality.scorer import CHECKS
from llmops.quality.similarity import body_key, content_key, document_signature, signature, similarity

TEXT = (
    "[NAME] was seen on [DATE 2024] for follow-up of asthma. No night symptoms and no exacerbation were reported.\n"
    "Chest is clear. Peak flow is at personal best. Inhaler technique was checked and found to be good again today.\n"
    "Continue the present inhaler twice daily, and return in six months or sooner if the symptoms recur at night.\n"
)


@pytest.fixture
def scorer():
    """A scorer with the bundled policy."""
    return Scorer(QualityConfig())


def test_each_document_is_answered_in_order(scorer, document):
    """Good or bad, a document comes back scored with all it had."""
    batch = [document(TEXT, document_id="a"), document("", document_id="b"), document(TEXT, document_id="c")]
    answers = scorer.process(batch)
    assert [answer.document_id for answer in answers] == ["a", "b", "c"]
    assert all(isinstance(answer, ScoredDocument) for answer in answers)
    assert answers[0].text == TEXT
    assert answers[0].quality.score == 1.0
    assert answers[1].quality.score == 0.0
    assert scorer.process([]) == []


@pytest.mark.parametrize("flaw", ["BP 80/190 today.", "HR 900 today.", "She was then seen by the"])
def test_a_hard_finding_caps_the_score(scorer, document, flaw):
    """However good the rest is."""
    (answer,) = scorer.process([document(TEXT + flaw)])
    assert answer.quality.score == 0.6
    assert TEXT not in repr(answer.quality)


def test_a_document_below_the_minimum_is_withheld(document):
    """With the reason, without the text."""
    scorer = Scorer(QualityConfig(min_score=0.7))
    good, bad = scorer.process([document(TEXT), document("HR 900", document_id="r1.1")])
    assert isinstance(good, ScoredDocument)
    assert bad == Withheld(record_id="r1", document_id="r1.1", stage=bad.stage, reason=Reason.BELOW_SCORE)
    assert bad.stage.value == "quality"


def test_a_document_that_breaks_a_check_is_withheld_alone(scorer, document, monkeypatch):
    """The others of its batch are scored."""
    check = CHECKS["plausibility"]

    def breaks(asked, policy):
        if asked.document_id == "r1.1":
            raise ValueError(asked.text)
        return check(asked, policy)

    monkeypatch.setattr(scorer, "_checks", CHECKS | {"plausibility": breaks})
    good, bad = scorer.process([document(TEXT), document(TEXT, document_id="r1.1")])
    assert isinstance(good, ScoredDocument)
    assert bad == Withheld(record_id="r1", document_id="r1.1", stage=StageName.QUALITY, reason=Reason.QUALITY_FAILED)


def test_content_keys_forget_case_and_blanks_and_need_the_key(document):
    """Equal text has equal keys under one key only; no text has none."""

    def key_of(text, key=b"k"):
        return content_key(document(text), key)

    assert key_of("A  b\nC") == key_of("a B c")
    assert key_of("a b c") != key_of("a b c", b"other")
    assert key_of("a b c") != key_of("a b d")
    assert key_of(" \n") == ""
    assert content_key(document("a", time="2023"), b"k") == key_of("a")


def test_a_body_key_is_the_content_key_without_the_title_at_the_head(document):
    """A message puts a title before the note; a few words behind one say the same about many patients."""
    body = "The liver shows a lesion of 3 mm. The spleen is clear."
    sent = document(f"Chest X-ray\n\n{body}", title="Chest X-ray")
    assert body_key(sent, b"k") == content_key(document(body), b"k")
    assert body_key(sent, b"k") != body_key(sent, b"other")
    assert body_key(document(body, title="Chest X-ray"), b"k") == ""
    assert body_key(document("Chest X-ray\n\nNo acute disease.", title="Chest X-ray"), b"k") == ""
    assert body_key(replace(sent, kind=Kind.SUMMARY), b"k") == ""


def test_summaries_that_read_alike_are_two_facts(document):
    """Visits of other times or values are no duplicates, and near copies of summaries are not looked for."""
    visit = document(TEXT, kind=Kind.SUMMARY, fields=(Field(name="a", value=1),))
    later, other = replace(visit, time="2025"), replace(visit, fields=(Field(name="a", value=2),))
    assert len({content_key(item, b"k") for item in (visit, later, other)}) == 3
    assert content_key(visit, b"k") == content_key(replace(visit, document_id="x"), b"k")
    assert document_signature(visit) == ()
    assert document_signature(document(TEXT)) == signature(TEXT)
    assert content_key(document("", kind=Kind.SUMMARY), b"k") == ""


def test_signatures_leave_placeholders_out():
    """Two copies that differ in what was redacted are alike; a text without words has no signature."""
    assert signature(TEXT) == signature(TEXT.replace("[DATE 2024]", "[DATE]").replace("[NAME]", ""))
    assert signature("[NAME] [DATE]") == ()
    assert len(signature("one")) == 128
    assert similarity(signature(TEXT), signature(TEXT + "One more sentence.")) > 0.85
    assert similarity(signature(TEXT), signature("The knee was aspirated under sterile conditions " * 3)) < 0.1


def test_signatures_are_the_same_in_every_process():
    """Shards are scored by different workers, whose hash seeds differ."""
    code = f"from llmops.quality.similarity import signature; print(signature({TEXT!r}))"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7"}
    )
    assert out.stdout.strip() == str(signature(TEXT))
