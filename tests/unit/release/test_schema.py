"""Documents become columns and come back equal."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops.documents import (
    Evidence,
    Field,
    FieldPhi,
    Kind,
    Provenance,
    QualityReport,
    Reason,
    Receipt,
    ScoredDocument,
    Section,
    StageName,
    Withheld,
)
from llmops.errors import ReleaseError, StageError
from llmops.formats import FORMATS
from llmops.phi import PhiFinding, PhiLabel
from llmops.release.schema import (
    DOCUMENTS,
    from_batch,
    receipts_from_batch,
    receipts_to_batch,
    released_from_batch,
    to_batch,
    withheld_from_batch,
    withheld_to_batch,
)

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_offset = st.integers(0, 2**40)
_ratio = st.floats(0, 1)
_value = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), _text)
_label = st.sampled_from(PhiLabel)

_documents = st.builds(
    ScoredDocument,
    document_id=_text,
    record_id=_text,
    subject=_text,
    kind=st.sampled_from(Kind),
    doc_type=_text,
    title=_text,
    text=_text,
    sections=st.lists(st.builds(Section, start=_offset, end=_offset, name=_text, code=_text), max_size=2).map(tuple),
    fields=st.lists(
        st.builds(
            Field, name=_text, value=_value, phi=st.one_of(_label, st.sampled_from(FieldPhi)), unit=_text, code=_text
        ),
        max_size=3,
    ).map(tuple),
    time=_text,
    findings=st.lists(
        st.builds(
            PhiFinding,
            start=_offset,
            end=_offset,
            label=_label,
            operator=_text,
            field=_text,
        ),
        max_size=2,
    ).map(tuple),
    policy_id=_text,
    residual_risk=_ratio,
    provenance=st.builds(
        Provenance,
        format=st.sampled_from([one.name for one in FORMATS]),
        path=_text,
        changes=st.lists(st.tuples(_text, st.integers(0, 9)), max_size=2).map(tuple),
    ),
    quality=st.builds(
        QualityReport,
        score=_ratio,
        dimensions=st.lists(st.tuples(_text, _ratio), max_size=2).map(tuple),
        evidence=st.lists(
            st.builds(Evidence, rule=_text, penalty=_ratio, start=_offset, end=_offset, field=_text), max_size=2
        ).map(tuple),
    ),
    signature=st.lists(st.integers(0, 2**64 - 1), max_size=3).map(tuple),
    content_key=_text,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_documents, max_size=4))
def test_documents_come_back_equal(documents):
    """The internal columns keep all of a document; the released ones all but the duplicate signatures."""
    assert list(from_batch(to_batch(documents, internal=True))) == documents
    bare = [replace(document, signature=(), content_key="") for document in documents]
    assert list(from_batch(to_batch(documents))) == bare
    assert to_batch(documents).schema == DOCUMENTS


@pytest.mark.parametrize("value", [True, 1, 1.0, "1", "", None, 10**30, -0.0, math.inf])
def test_a_typed_value_keeps_its_type(make_document, value):
    """1, 1.0, True and "1" are four different values."""
    document = replace(make_document(1), fields=(Field(name="f", value=value),))
    (back,) = from_batch(to_batch([document]))
    assert back.fields[0].value == value
    assert type(back.fields[0].value) is type(value)


def test_an_unpaired_surrogate_is_refused_without_the_text(make_document):
    """No column can hold it, and the error must not carry it."""
    for broken in ({"text": "Jane Roe \ud800"}, {"title": "Jane Roe \ud800"}):
        with pytest.raises(StageError) as error:
            to_batch([replace(make_document(1), **broken)])
        assert "Jane" not in str(error.value)
        assert error.value.__suppress_context__


def test_a_text_that_does_not_fit_its_digest_is_refused(make_document):
    """Each text is checked when it is turned back into a document."""
    rows = to_batch([make_document(1)]).to_pylist()
    rows[0]["text"] += "!"
    import pyarrow as pa

    with pytest.raises(ReleaseError, match=r"r0001\.0"):
        from_batch(pa.RecordBatch.from_pylist(rows, schema=DOCUMENTS))


def test_other_columns_are_refused():
    """A batch of something else is not read as documents."""
    batch = withheld_to_batch([Withheld(record_id="r1", stage=StageName.READ, reason=Reason.EMPTY)])
    for read in (from_batch, receipts_from_batch):
        with pytest.raises(ReleaseError):
            read(batch)


def test_withheld_and_receipts_come_back_equal(make_document):
    """Ids, codes and positions survive; a document gets its own receipt."""
    withheld = (
        Withheld(record_id="r1", stage=StageName.READ, reason=Reason.EMPTY),
        Withheld(record_id="r2", document_id="r2.0", stage=StageName.RUN, reason=Reason.WORKER_DIED, retryable=True),
    )
    assert withheld_from_batch(withheld_to_batch(withheld)) == withheld
    receipts = (("r1.0", Receipt(stream="w0", index=2**40, leaf="ab")),)
    assert receipts_from_batch(receipts_to_batch(receipts)) == receipts
    batch = to_batch([make_document(1)])
    assert released_from_batch(batch, [receipts[0][1]])[0].receipt == receipts[0][1]
    with pytest.raises(ReleaseError):
        released_from_batch(batch, [])
