"""Training data: labels, re-filling, ageing and damage keep marks where the PHI is. Needs no torch."""

import random
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from llmops.deid.detect.ner.labels import TAGS
from llmops.deid.detect.ner.pieces import encode
from llmops.deid.detect.ner.shipped import SHIPPED, VOCABULARY
from llmops.errors import RecipeError
from training.ageing import aged
from training.batches import WINDOW, training_batches
from training.damage import changed as change
from training.damage import damage, lower, run_together, upper
from training.distil import pick_layers
from training.fillers import Fillers
from training.notes import FREE, IGNORED, Mark, Note, folds, read_notes, targets
from training.refill import refill
from training.thinning import thinned

TOKENIZER = Tokenizer.from_file(str(SHIPPED / VOCABULARY))
TOKENIZER.no_truncation()
TOKENIZER.no_padding()
NOTES = Path(__file__).parents[2] / "training/notes/notes-train.jsonl"


def _note(marked: str) -> Note:
    """Make a note of a text with marks written ``[surface|LABEL]``."""
    text, marks = "", []
    for part in marked.split("["):
        if "]" not in part:
            text += part
            continue
        inside, after = part.split("]", 1)
        surface, label = inside.split("|")
        marks.append(Mark(len(text), len(text) + len(surface), label))
        text += surface + after
    return Note(id="n", text=text, marks=tuple(marks))


NOTE = _note(
    "Pt [VANTERPOOL, Ottoline|NAME], seen [2/14/2023|DATE] at [Lantern Hill Clinic|ORG] by Dr. [Quimby|NAME].\n"
    "MRN [00-417-992|MRN], lives in [Harrow Falls|LOC], 72-year-old. [Ottoline|NAME] has [Aetna|ORG_SOFT]. [oq|NAME]"
)


def _marked(note: Note) -> list[tuple[str, str]]:
    return [(note.text[m.start : m.end], m.label) for m in note.marks]


def test_the_notes_of_the_repository_can_be_read():
    """975 notes, every mark inside its text and none overlapping the next."""
    notes = read_notes(NOTES)
    assert len(notes) == 975
    for note in notes:
        ends = [0, *(mark.end for mark in note.marks)]
        assert all(end <= mark.start < mark.end <= len(note.text) for end, mark in zip(ends, note.marks, strict=False))


def test_notes_that_cannot_be_read_are_refused_without_their_text(tmp_path: Path):
    """The error names the kind of failure only."""
    path = tmp_path / "notes.jsonl"
    path.write_text('{"id": "1", "text": "Zyxomma"}\n')
    with pytest.raises(RecipeError) as error:
        read_notes(path)
    assert "Zyxomma" not in str(error.value)


def test_pieces_learn_beginning_and_inside_and_nothing_of_free_labels():
    """The first piece of a mark begins, the others go on, a free label is ignored, the rest is outside."""
    pieces = encode(TOKENIZER, NOTE.text)
    found = targets(pieces, NOTE.marks, len(NOTE.text))
    at = {int(start): TAGS[tag] if tag != IGNORED else "-" for start, tag in zip(pieces.starts, found, strict=True)}
    text = NOTE.text
    assert at[text.index("VANTERPOOL")] == "B-NAME"
    assert at[text.index(", Otto")] == "I-NAME"
    assert at[text.index("00-417")] == "B-ID"
    assert at[text.index("Aetna")] == "-"
    assert at[text.index("seen")] == "O"


def test_refilling_keeps_labels_shape_and_what_is_not_marked():
    """Labels stay in order, capitals stay capitals, the text between is untouched, one name becomes one name."""
    rng = random.Random(3)
    for _ in range(30):
        new = refill(NOTE, Fillers.of([NOTE]), rng)
        assert [label for _, label in _marked(new)] == [label for _, label in _marked(NOTE)]
        assert "lives in" in new.text
        assert new.text.count("72-year-old") == 1
        surfaces = [surface for surface, _ in _marked(new)]
        assert all(surface.strip() for surface in surfaces)


def test_a_name_in_capitals_stays_in_capitals():
    """Letter case is a trait of the note, not of the name."""
    note = _note("NAME: [VANTERPOOL|NAME]  aka [tilly|NAME]")
    for seed in range(20):
        first, second = (surface for surface, _ in _marked(refill(note, Fillers.of([note]), random.Random(seed))))
        assert first.isupper()
        assert second.islower()


def test_refilling_is_repeatable():
    """The same seed fills the same surfaces in."""
    fillers = Fillers.of([NOTE])
    assert refill(NOTE, fillers, random.Random(7)) == refill(NOTE, fillers, random.Random(7))


def test_ages_over_89_are_marked_where_they_are_made():
    """A raised age is marked, and every other mark still covers its surface."""
    new = aged(NOTE, 1.0, random.Random(1))
    assert [m for m in _marked(new) if m[1] != "AGE90"] == _marked(NOTE)
    raised = [surface for surface, label in _marked(new) if label == "AGE90"]
    assert len(raised) == 1
    assert 90 <= int(raised[0]) <= 104


@pytest.mark.parametrize("kind", [lower, upper, run_together])
def test_damage_keeps_marks_on_their_surfaces(kind):
    """What is marked afterwards is what was marked before, but for case and spaces."""
    new = change(NOTE, kind, random.Random(2))
    before = [surface.lower().replace(" ", "") for surface, _ in _marked(NOTE)]
    assert [surface.lower().replace(" ", "") for surface, _ in _marked(new)] == before


def test_damage_never_leaves_a_mark_outside_the_text():
    """Whatever is lost, marks stay inside, in order and not empty."""
    for seed in range(40):
        new = damage(NOTE, random.Random(seed))
        ends = [0, *(mark.end for mark in new.marks)]
        assert all(end <= mark.start < mark.end <= len(new.text) for end, mark in zip(ends, new.marks, strict=False))


def test_batches_hold_every_piece_once():
    """Windows cut at random places lose nothing, and padding teaches nothing."""
    long_note = Note(id="l", text=NOTE.text * 12, marks=())
    batches = training_batches(TOKENIZER, [NOTE, long_note], 4, random.Random(1))
    held = sum(int(batch.mask.sum()) - 2 * len(batch.mask) for batch in batches)
    assert held == len(encode(TOKENIZER, NOTE.text)) + len(encode(TOKENIZER, long_note.text))
    for batch in batches:
        assert batch.ids.shape[1] <= WINDOW + 2
        assert (batch.targets[~batch.mask] == IGNORED).all()


def test_folds_are_of_whole_notes_and_disjoint():
    """No note is trained on and measured on at once."""
    notes = [Note(id=str(number), text="", marks=()) for number in range(10)]
    kept, held_out = folds(notes, 5, 2)
    assert [note.id for note in held_out] == ["2", "7"]
    assert len(kept) == 8


def test_a_smaller_network_keeps_the_chosen_layers_in_order():
    """Layers are renumbered, everything else stays."""
    weights = {"words": np.zeros(1), **{f"layer.{n}.inner": np.full(1, n) for n in range(6)}}
    small = pick_layers(weights, (0, 2, 5))
    assert {name: int(value[0]) for name, value in small.items()} == {
        "words": 0,
        "layer.0.inner": 0,
        "layer.1.inner": 2,
        "layer.2.inner": 5,
    }


def test_thinning_leaves_little_phi_among_the_lines_of_another_note_and_every_mark_on_its_surface():
    """Each note with PHI keeps some; the marks are those of the note, and the lines of the other note have none."""
    notes = [*read_notes(NOTES)[:120], Note(id="bare", text="gait steady\nno falls\n", marks=())]
    with_phi = [note for note in notes if any(mark.label not in FREE for mark in note.marks)]
    found = list(thinned(notes, random.Random(5)))
    assert len(found) == len(with_phi) > 80
    for note, thin in zip(with_phi, found, strict=True):
        assert set(_marked(thin)) <= set(_marked(note))
        assert any(mark.label not in FREE for mark in thin.marks)

    def share(some: list[Note]) -> float:
        return sum(m.end - m.start for note in some for m in note.marks) / sum(len(note.text) for note in some)

    assert share(found) < 0.5 * share(with_phi)
