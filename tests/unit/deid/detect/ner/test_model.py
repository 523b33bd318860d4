"""The model that comes with the package: its pins, its answers, and its place in a spaCy pipeline."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops.deid import DeidConfig, Deidentifier
from llmops.deid.detect.ner import ClinicalNer
from llmops.deid.detect.ner.shipped import CARD, NETWORK, SHIPPED, VOCABULARY, open_model
from llmops.errors import RecipeError

NOTE = """DISCHARGE SUMMARY
Patient: VANTERPOOL, Ottoline      MRN: 00-417-992
DOB: 11/02/1951 (72 y F)
Attending: Dr. Oluwaseun Quimby-Adair, Lantern Hill Family Practice

Admitted 2/14 with pneumonia, K 3.2, BP 128/70. Daughter Marguerite called 503-555-0126.
Tinel and Phalen negative. Foley removed. Metoprolol 25 mg BID.
"""


@pytest.fixture(scope="module")
def ner() -> ClinicalNer:
    return ClinicalNer()


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A copy of the model folder to break."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "model"))


@pytest.mark.parametrize("name", [NETWORK, VOCABULARY])
def test_a_changed_file_is_refused(broken: Path, name: str):
    """One changed byte in a pinned file and nothing runs."""
    content = bytearray((broken / name).read_bytes())
    content[len(content) // 2] ^= 1
    (broken / name).write_bytes(content)
    with pytest.raises(RecipeError, match="not the file"):
        open_model(broken)


@pytest.mark.parametrize("name", [NETWORK, VOCABULARY, CARD])
def test_a_missing_file_is_refused(broken: Path, name: str):
    """No model, no de-identification."""
    (broken / name).unlink()
    with pytest.raises(RecipeError, match="cannot be read"):
        open_model(broken)


def test_a_card_for_other_tags_is_refused(broken: Path):
    """Probabilities are never read in another order than that they were learnt in."""
    card = json.loads((broken / CARD).read_text())
    card["tags"] = card["tags"][::-1]
    (broken / CARD).write_text(json.dumps(card))
    with pytest.raises(RecipeError, match="another version"):
        open_model(broken)


def test_the_model_fits_the_package():
    """All its files together stay below 25 MB."""
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) <= 25_000_000


def test_plain_phi_is_found(ner: ClinicalNer):
    """Names, dates, a phone number, an MRN and a facility in an ordinary note."""
    covered = "|".join(NOTE[e.start : e.end] for e in ner.entities(NOTE))
    for surface in ("VANTERPOOL", "Ottoline", "00-417-992", "11/02/1951", "Quimby", "Lantern Hill", "2/14", "0126"):
        assert surface in covered


def test_eponyms_drugs_and_values_are_left():
    """What only looks like a name, date or identifier stays, once the judge has looked at what the network says."""
    covered = "|".join(NOTE[s.start : s.end] for s in Deidentifier(config=DeidConfig()).detect(NOTE))
    for surface in ("Tinel", "Phalen", "Foley", "Metoprolol", "128/70", "3.2"):
        assert surface not in covered


def test_a_text_gets_the_same_answer_in_any_company():
    """Quantisation takes its scales from a window of the text alone."""
    texts = ["Seen today.", NOTE, "", "Dr. Adair, 4/6."]
    detector = Deidentifier(config=DeidConfig())
    assert list(detector.detect_many(texts)) == [detector.detect(text) for text in texts]


def test_pieces_in_no_doubt_are_outside_and_names_are_not(ner: ClinicalNer):
    """A note, a text without any doubt, one of a single piece."""
    note, plain, one = (rows for _, rows in ner.probabilities([NOTE, "No acute distress.", "x"]))
    assert len(one) == 1
    assert (plain[:, 0] == 1).any()
    assert 0.1 < (note[:, 0] < 1).mean() < 0.9
    for rows in (note, plain, one):
        assert np.allclose(rows.sum(axis=1), 1, atol=1e-4)


def test_a_long_text_is_searched_to_its_end(ner: ClinicalNer):
    """Windows reach the last line of a text of many windows."""
    text = "Lungs clear, no edema.\n" * 200 + "Dr. Quimby-Adair called."
    assert any(text[e.start : e.end].startswith("Quimby") for e in ner.entities(text))


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=120))
def test_any_text_gets_disjoint_entities_in_range(text: str):
    """No text crashes the network or moves an entity out of the text."""
    position = 0
    for entity in _shared().entities(text):
        assert position <= entity.start < entity.end <= len(text)
        position = entity.end


_CACHE: list[ClinicalNer] = []


def _shared() -> ClinicalNer:
    if not _CACHE:
        _CACHE.append(ClinicalNer())
    return _CACHE[0]
