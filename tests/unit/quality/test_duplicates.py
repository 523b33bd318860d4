"""Duplicates within a subject, against another implementation of the same idea."""

import random

import pytest
from datasketch import MinHash, MinHashLSH

from llmops.documents import Reason
from llmops.quality import find_duplicates
from llmops.quality.placeholders import words
from llmops.quality.similarity import signature

VOCABULARY = [f"{a}{b}" for a in "abcdefghijkl" for b in ("an", "or", "it", "us", "em", "ol")]


def item(document_id, text, subject="s"):
    """What a scored document is compared by."""
    return document_id, " ".join(text.casefold().split()), signature(text), subject


def note(seed, length=120):
    """A text of its own."""
    return " ".join(random.Random(seed).choices(VOCABULARY, k=length))


def changed(text, share, seed):
    """The text with some words replaced."""
    chooser = random.Random(seed)
    return " ".join(chooser.choice(VOCABULARY) if chooser.random() < share else word for word in text.split())


def test_exact_and_near_copies_point_to_the_first():
    """The first in order is kept, and every copy names it."""
    base = note(1)
    items = [
        item("a", base),
        item("b", note(2)),
        item("c", base.upper()),
        item("d", base + " one more"),
        item("e", base),
    ]
    assert find_duplicates(items) == {
        "c": (Reason.DUPLICATE, "a"),
        "d": (Reason.NEAR_DUPLICATE, "a"),
        "e": (Reason.DUPLICATE, "a"),
    }
    assert find_duplicates(items) == find_duplicates(iter(items))
    assert find_duplicates(items[2:]) == {"d": (Reason.NEAR_DUPLICATE, "c"), "e": (Reason.DUPLICATE, "c")}


def test_boilerplate_of_two_subjects_is_no_duplicate():
    """Equal reports about two patients are two facts; documents without a subject are a group of their own."""
    text = note(3)
    items = [
        item("a", text, "s1"),
        item("b", text, "s2"),
        item("c", text, ""),
        item("d", text, ""),
        item("e", text, "s1"),
    ]
    assert find_duplicates(items) == {"d": (Reason.DUPLICATE, "c"), "e": (Reason.DUPLICATE, "a")}


def test_documents_without_text_are_no_duplicates():
    """No key and no signature is nothing to compare."""
    assert find_duplicates([item("a", ""), item("b", ""), item("c", "[NAME]"), item("d", "[DATE]")]) == {}


def test_a_chain_of_changes_keeps_its_far_end():
    """A document is compared with kept ones only, not with what was withheld."""
    texts = [note(4, 400)]
    for step in range(12):
        texts.append(changed(texts[-1], 0.012, step))
    found = find_duplicates([item(str(at), text) for at, text in enumerate(texts)])
    assert "1" in found
    assert "12" not in found or found["12"][1] != "0"


@pytest.mark.parametrize("seed", range(4))
def test_near_duplicates_agree_with_datasketch(seed):
    """Pairs well above the threshold are found by both, pairs well below by neither."""
    texts = {f"base{n}": note(seed * 100 + n) for n in range(30)}
    pairs = {f"copy{n}": changed(texts[f"base{n}"], 0.006 if n % 2 else 0.3, n) for n in range(30)}
    lsh = MinHashLSH(threshold=0.85, num_perm=128)
    for name, text in texts.items():
        lsh.insert(name, _oracle(text))
    found = find_duplicates([item(name, text) for name, text in (texts | pairs).items()])
    for name, text in pairs.items():
        base = name.replace("copy", "base")
        true = _jaccard(text, texts[base])
        if true >= 0.93:
            assert base in lsh.query(_oracle(text))
            assert found[name][1] == base
        elif true <= 0.7:
            assert name not in found
    assert not set(found) & set(texts)


def _shingles(text):
    found = words(text)
    return {" ".join(found[at : at + 5]) for at in range(len(found) - 4)}


def _oracle(text):
    minhash = MinHash(num_perm=128)
    minhash.update_batch([shingle.encode() for shingle in _shingles(text)])
    return minhash


def _jaccard(one, other):
    a, b = _shingles(one), _shingles(other)
    return len(a & b) / len(a | b)
