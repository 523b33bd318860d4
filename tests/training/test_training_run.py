"""The training run end to end, on a network of random weights: needs torch and onnx."""

import json
import random
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from llmops.deid.detect.judge import Judge
from llmops.deid.detect.ner import ClinicalNer
from llmops.deid.detect.ner.shipped import SHIPPED, VOCABULARY, open_model
from llmops.deid.spans import ScoredWord, View
from llmops.phi import PhiLabel
from training.__main__ import main
from training.batches import training_batches
from training.export import export
from training.fit import loss
from training.graph import build
from training.grow import grow
from training.network import HEAD, HIDDEN, Answer, head_count, run, start_weights, with_doubt
from training.notes import IGNORED, Mark, Note
from training.prune import prune
from training.trees import graph
from training.unpack import unpack

torch = pytest.importorskip("torch", reason="torch is for training only")
pytest.importorskip("onnx", reason="onnx is for training only")
pytest.importorskip("lightgbm", reason="lightgbm is for training only")

TEXT = "Pt Ottoline Vanterpool, seen 2/14/2023 at Lantern Hill Clinic.\nMRN 00-417-992.\n"
MARKS = (Mark(3, 22, "NAME"), Mark(29, 38, "DATE"), Mark(42, 61, "ORG"), Mark(67, 77, "MRN"))


def _source(words: int) -> dict[str, np.ndarray]:
    """Random weights under the names of the pretrained network."""
    rng = np.random.default_rng(1)
    sizes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (words, HIDDEN),
        "embeddings.position_embeddings.weight": (512, HIDDEN),
        "embeddings.token_type_embeddings.weight": (2, HIDDEN),
        "embeddings.LayerNorm.weight": (HIDDEN,),
        "embeddings.LayerNorm.bias": (HIDDEN,),
    }
    for number in range(6):
        layer = f"encoder.layer.{number}"
        dense = {f"attention.self.{part}": (HIDDEN, HIDDEN) for part in ("query", "key", "value")}
        dense |= {"attention.output.dense": (HIDDEN, HIDDEN), "intermediate.dense": (4 * HIDDEN, HIDDEN)}
        dense |= {"output.dense": (HIDDEN, 4 * HIDDEN)}
        for part, size in dense.items():
            sizes |= {f"{layer}.{part}.weight": size, f"{layer}.{part}.bias": size[:1]}
        for part in ("attention.output.LayerNorm", "output.LayerNorm"):
            sizes |= {f"{layer}.{part}.weight": (HIDDEN,), f"{layer}.{part}.bias": (HIDDEN,)}
    return {name: rng.normal(0, 0.05, size).astype(np.float32) for name, size in sizes.items()}


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the pretrained package has it."""
    folder = tmp_path_factory.mktemp("pretrained")
    vocabulary = (SHIPPED / VOCABULARY).read_text("utf-8")
    (folder / "tokenizer.json").write_text(vocabulary, "utf-8")
    head, body = {}, b""
    for name, values in _source(len(json.loads(vocabulary)["model"]["vocab"])).items():
        head[name] = {
            "dtype": "F32",
            "shape": list(values.shape),
            "data_offsets": [len(body), len(body) + values.nbytes],
        }
        body += values.tobytes()
    encoded = json.dumps(head).encode()
    (folder / "model.safetensors").write_bytes(len(encoded).to_bytes(8, "little") + encoded + body)
    return folder


def test_a_run_ends_in_a_small_model_that_opens_and_is_not_trained_twice(pretrained: Path, tmp_path: Path):
    """Teacher, pruned student and measured fold come out; a second run reads what the first one kept."""
    notes = tmp_path / "notes.jsonl"
    spans = [{"start": m.start, "end": m.end, "label": m.label} for m in MARKS]
    notes.write_text("".join(json.dumps({"id": str(n), "text": TEXT, "spans": spans}) + "\n" for n in range(4)))
    work, output = tmp_path / "work", tmp_path / "model"
    arguments = ["--notes", str(notes), "--work", str(work), "--output", str(output), "--pretrained", str(pretrained)]
    arguments += ["--epochs", "1", "--student-epochs", "1", "--folds", "2", "--float32", "--judge-notes", str(notes)]
    main(arguments)
    card = json.loads((output / "model.json").read_text())
    assert (
        card["provenance"] | {"layers": "4", "heads": "3/5/5/5", "inner": "384/1024/1024/1024", "notes": "2"}
        == card["provenance"]
    )
    assert (output / "model.onnx").stat().st_size < (work / "teacher" / "model.onnx").stat().st_size
    assert ClinicalNer(output).probabilities([TEXT])[0][1].shape[1] == 13
    view = View.of(TEXT, (), (ScoredWord(start=3, end=11, label=PhiLabel.NAME, score=0.5),))
    assert [0 < word.score < 1 for word in Judge(output).words(view, [])] == [True]
    kept = {path.name: path.stat().st_mtime_ns for path in work.glob("*.npz")}
    assert set(kept) == {"teacher.npz", "layers.npz", "student.npz"}
    main(arguments)
    assert {path.name: path.stat().st_mtime_ns for path in work.glob("*.npz")} == kept
    files = {path.name: path.read_bytes() for path in output.iterdir()}
    (output / "judge.onnx").unlink()
    (work / "student.npz").unlink()
    main([*arguments, "--only-judge"])
    assert {path.name: path.read_bytes() for path in output.iterdir()} == files


def test_pruning_takes_out_what_the_loss_does_not_depend_on():
    """Heads and neurons whose way out is cut go first, and the network answers as before."""
    tokenizer = Tokenizer.from_file(str(SHIPPED / VOCABULARY))
    weights = start_weights(_source(tokenizer.get_vocab_size()), (0,), 1)
    dead_heads, dead_inner = [1, 5, 6, 7, 8, 9, 10, 11], np.arange(0, 4 * HIDDEN, 3)
    for head in dead_heads:
        weights["layer.0.mixed"][:, head * HEAD : (head + 1) * HEAD] = 0
    weights["layer.0.outer"][:, dead_inner] = 0
    batch = training_batches(tokenizer, [Note(id="n", text=TEXT, marks=MARKS)], 1, random.Random(1))[0]
    small = prune(weights, [batch], heads=[4], inner=[4 * HIDDEN - len(dead_inner)])
    assert head_count(small, "layer.0") == 4
    inputs = [torch.from_numpy(values) for values in (batch.ids, batch.shapes, batch.mask)]
    before, after = (
        run({name: torch.from_numpy(value) for name, value in held.items()}, *inputs).tags for held in (weights, small)
    )
    assert torch.allclose(before, after, atol=1e-4)


def test_a_network_that_grows_answers_as_before_and_learns_with_what_it_was_given():
    """New neurons are silent at first, and the loss depends on each; a layer that is large enough stays."""
    tokenizer = Tokenizer.from_file(str(SHIPPED / VOCABULARY))
    weights = start_weights(_source(tokenizer.get_vocab_size()), (0, 1), 1)
    grown = grow(weights, inner=(HIDDEN, 4 * HIDDEN + 3, 7), seed=1)
    assert [len(grown[f"layer.{n}.inner"]) for n in (0, 1)] == [4 * HIDDEN, 4 * HIDDEN + 3]
    batch = training_batches(tokenizer, [Note(id="n", text=TEXT, marks=MARKS)], 1, random.Random(1))[0]
    ids, shapes, mask, wanted = map(torch.from_numpy, (batch.ids, batch.shapes, batch.mask, batch.targets))
    tensors = {name: torch.tensor(value, requires_grad=name == "layer.1.outer") for name, value in grown.items()}
    before = run({name: torch.from_numpy(value) for name, value in weights.items()}, ids, shapes, mask).tags
    after = run(tensors, ids, shapes, mask)
    assert torch.allclose(before, after.tags, atol=1e-5)
    loss(torch, after, mask, wanted, None, 0.0).backward()
    assert (tensors["layer.1.outer"].grad[:, -3:].abs().sum(dim=0) > 0).all()


def test_the_graph_answers_as_the_network_and_puts_outside_what_is_in_no_doubt_after_the_first_layer():
    """Windows of other lengths, with another number of pieces in doubt in each, none at all in one."""
    tokenizer = Tokenizer.from_file(str(SHIPPED / VOCABULARY))
    weights = with_doubt(start_weights(_source(tokenizer.get_vocab_size()), (0, 1, 2), 1), 2)
    rng = np.random.default_rng(4)
    mask = np.arange(40) < np.array([[40], [17], [5]])
    ids = rng.integers(1000, tokenizer.get_vocab_size(), mask.shape) * mask
    shapes = rng.integers(0, 500, mask.shape)
    tensors = {name: torch.from_numpy(value) for name, value in weights.items()}
    inputs = [torch.from_numpy(values) for values in (ids, shapes, mask)]
    doubt = run(tensors, *inputs).doubt.numpy()
    for least in (-1e3, float(np.median(doubt[0])), float(doubt[2, :5].max()) + 1e-4, 1e3):
        model = build(weights, longest=192, least_doubt=least).SerializeToString()
        session = import_module("onnxruntime").InferenceSession(model)
        found = session.run(None, {"ids": ids, "shapes": shapes, "mask": mask.astype(np.int32)})[0]
        answer = run(tensors, *inputs, least_doubt=least)
        seen = answer.seen.numpy()
        assert np.array_equal(seen, mask & (doubt >= least))
        assert np.allclose(found[seen], torch.softmax(answer.tags, -1).numpy()[seen], atol=1e-4)
        assert np.array_equal(found[mask & ~seen], np.eye(13)[np.zeros((mask & ~seen).sum(), int)])


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("tag", [0, 1, IGNORED])
def test_the_loss_is_a_number_whatever_is_seen_or_free(tag: int, seen: bool):
    """A step on NaN would leave a network that calls everything outside."""
    mask = torch.ones(2, 3, dtype=torch.bool)
    answer = Answer(torch.zeros(2, 3, 13), torch.zeros(2, 3), mask & seen)
    for aim in (None, torch.full((2, 3, 13), 1 / 13)):
        assert torch.isfinite(loss(torch, answer, mask, torch.full((2, 3), tag), aim, 0.8))


def test_a_network_without_a_head_of_doubt_lets_nothing_be_left_out():
    """Weights kept by an older version do not go on as if they had one."""
    with pytest.raises(ValueError, match="no head of doubt"):
        run({}, None, None, None, least_doubt=-4.0)


def test_the_trees_of_the_graph_answer_as_those_that_were_grown():
    """Float32 rows fall on the same side of every split in onnxruntime as where the trees were fitted."""
    rng = np.random.default_rng(3)
    rows = np.round(rng.normal(0, 2, (600, 5)), 1).astype(np.float32)
    wanted = rows[:, 0] + rows[:, 1] * rows[:, 2] > rng.normal(0, 1, 600)
    lightgbm = import_module("lightgbm")
    growing = {"objective": "binary", "num_leaves": 7, "verbosity": -1}
    model = lightgbm.train(growing, lightgbm.Dataset(rows, wanted.astype(np.float32)), num_boost_round=20)
    trees = [tree["tree_structure"] for tree in model.dump_model()["tree_info"]]
    session = import_module("onnxruntime").InferenceSession(graph(trees, 5))
    assert np.allclose(session.run(None, {"rows": rows})[0][:, 0], model.predict(rows, raw_score=True), atol=1e-5)


def test_a_shipped_network_read_back_is_the_network_that_was_written(tmp_path: Path):
    files = open_model(SHIPPED)
    tokenizer = Tokenizer.from_str(files.vocabulary)
    export(unpack(files.network), tokenizer, tmp_path, thresholds=files.thresholds, provenance={})
    onnx = import_module("onnx")
    before, after = (
        {one.name: onnx.numpy_helper.to_array(one) for one in onnx.load_from_string(network).graph.initializer}
        for network in (files.network, open_model(tmp_path).network)
    )
    assert before.keys() == after.keys()
    for name, values in before.items():
        if values.dtype == np.int8:
            assert np.array_equal(values, after[name]), name
        else:
            assert np.allclose(values, after[name], rtol=1e-5, atol=1e-6), name


def test_a_network_is_trained_on_from_a_model_folder_whose_digest_its_card_names(tmp_path: Path):
    notes = tmp_path / "notes.jsonl"
    spans = [{"start": m.start, "end": m.end, "label": m.label} for m in MARKS]
    notes.write_text("".join(json.dumps({"id": str(n), "text": TEXT, "spans": spans}) + "\n" for n in range(4)))
    output = tmp_path / "on"
    main([
        *("--from", str(SHIPPED), "--notes", str(notes), "--judge-notes", str(notes), "--work", str(tmp_path / "work")),
        *("--output", str(output), "--epochs", "2", "--folds", "2", "--float32"),
    ])  # fmt: skip
    card = json.loads((output / "model.json").read_text())
    assert card["provenance"]["from"] == open_model(SHIPPED).digest
    before, after = (ClinicalNer(folder).probabilities([TEXT])[0][1] for folder in (SHIPPED, output))
    assert before.shape == after.shape
    assert not np.array_equal(before, after)
    assert np.abs(before - after).max() < 0.5
    first, second = (np.load(tmp_path / f"work/on-{run}.npz")["tags.bias"] for run in range(2))
    assert not np.array_equal(first, second)
    written = unpack(open_model(output).network)["tags.bias"]
    assert np.allclose(written, (first + second) / 2, atol=1e-6)
