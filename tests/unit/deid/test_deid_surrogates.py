"""Stand-ins: consistent, of the same shape, of nobody, and dates at their own precision."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops.deid import load_policy
from llmops.deid.addresses import is_street
from llmops.deid.check_digits import could_be_issued, is_dea, is_luhn, spoiled
from llmops.deid.dates import shift_surface
from llmops.deid.operators import Rewriter
from llmops.deid.policy import Operator
from llmops.deid.subjects import Subject
from llmops.deid.surrogates import Surrogates
from llmops.deid.vocabulary.stand_in_people import ORIGINS
from llmops.identities import Identity, PersonName, Role, SubjectIdentifier
from llmops.phi import PhiLabel

MRN = SubjectIdentifier(value="00417726")
KNOWN = (
    Identity(
        subject=(MRN,),
        names=(PersonName(family="Quellenbrook", given=("Elizabeth", "Anne")),),
        sex="F",
        phones=("218-555-0116",),
    ),
    Identity(subject=(MRN,), role=Role.RELATIVE, names=(PersonName(text="Ngozi Okafor"),)),
)
SEEDS = st.binary(min_size=32, max_size=32)
NUMBERS = st.from_regex(r"[12]\d{9}|[A-C][A-Z]\d{7}|4\d{15}|\d{3}-\d{2}-\d{4}", fullmatch=True)
TELEPHONES = st.from_regex(r"(\+1 )?(\(\d{3}\) |\d{3}[-.])\d{3}[-.]\d{4}( x\d{2,4})?", fullmatch=True)
STAND_INS = Surrogates(b"k" * 32, KNOWN)


def name(surface: str) -> str:
    return STAND_INS.stand_in(PhiLabel.NAME, surface)


def test_one_person_has_one_name_however_written() -> None:
    """Order, case, nickname, misspelling and initials lead back to the same stand-in."""
    given_name, family = name("Elizabeth Quellenbrook").split()
    assert given_name in ORIGINS["western"].female
    assert name("QUELLENBROOK, ELIZABETH") == f"{family}, {given_name}".upper()
    assert name("Liz") == given_name
    assert name("Quellenbrok") == family
    assert name("E. Quellenbrook") == f"{name('Elizabeth')[0]}. {family}" or name("E. Quellenbrook").endswith(family)
    assert name("QUELLENBROOK^ELIZABETH^A").startswith(f"{family}^{given_name}^".upper())
    assert name("quellenbrook") == family.lower()


def test_origin_and_gender_are_kept_roughly() -> None:
    """A Vietnamese name stays one, so does a woman's."""
    assert name("Nguyen") in ORIGINS["east_asian"].family
    assert name("Okafor") in ORIGINS["african"].family
    assert name("Maria Ortega").split()[0] in ORIGINS["hispanic"].female
    assert name("de la Cruz").startswith("de la ")


def test_known_people_never_share_a_stand_in() -> None:
    """Two relatives stay two people."""
    family = [f"Okoro{letter}" for letter in "abcdef"]
    known = tuple(
        Identity(subject=(MRN,), names=(PersonName(family=one, given=("Efe",)),), role=Role.RELATIVE) for one in family
    )
    stand_ins = Surrogates(b"s" * 32, known)
    assert len({stand_ins.stand_in(PhiLabel.NAME, one) for one in family}) == len(family)


@pytest.mark.parametrize("written", ["00417726", "0041-7726", "417726", "41 77 26"])
def test_a_number_keeps_its_shape_and_its_stand_in(written: str) -> None:
    """Zeros and dashes stay, and the digits are those of every other spelling."""
    made = STAND_INS.stand_in(PhiLabel.MRN, written)
    assert re.sub(r"\d", "9", made) == re.sub(r"\d", "9", written)
    assert re.sub(r"\D", "", made).lstrip("0") == re.sub(r"\D", "", STAND_INS.stand_in(PhiLabel.MRN, "417726"))


def test_a_number_in_use_is_never_a_stand_in() -> None:
    """The vault is asked, and another one is drawn; where all are in use there is none."""
    first = Surrogates(b"k" * 32, KNOWN).stand_in(PhiLabel.MRN, "M1234567")
    other = Surrogates(b"k" * 32, KNOWN, lambda _label, value: value == first).stand_in(PhiLabel.MRN, "M1234567")
    assert other not in {first, ""}
    assert Surrogates(b"k" * 32, KNOWN, lambda _label, _value: True).stand_in(PhiLabel.MRN, "M1234567") == ""


@given(
    st.from_regex(r"[12]\d{9}|[A-C][A-Z]\d{7}|4\d{15}|\d{3}-\d{2}-\d{4}", fullmatch=True),
    st.binary(min_size=32, max_size=32),
)
def test_no_stand_in_could_be_issued(surface: str, seed: bytes) -> None:
    """No valid NPI, DEA or card number; no SSN of an area that was ever given."""
    stand_ins = Surrogates(seed, ())
    assert not could_be_issued(stand_ins.stand_in(PhiLabel.LICENSE, surface))
    assert not could_be_issued(stand_ins.stand_in(PhiLabel.ACCT, surface))
    if "-" in surface:
        assert re.fullmatch(r"9\d\d-00-\d{4}", stand_ins.stand_in(PhiLabel.SSN, surface))


@given(
    st.from_regex(r"(\+1 )?(\(\d{3}\) |\d{3}[-.])\d{3}[-.]\d{4}( x\d{2,4})?", fullmatch=True),
    st.binary(min_size=32, max_size=32),
)
def test_telephone_numbers_are_fiction(surface: str, seed: bytes) -> None:
    """555-0100 to 555-0199, in the shape of the number; the extension is replaced too."""
    made = Surrogates(seed, ()).stand_in(PhiLabel.PHONE, surface)
    if made:
        assert re.search(r"555[-.]01\d\d", made)
        assert re.sub(r"\d", "9", made) == re.sub(r"\d", "9", surface)


def test_check_digits() -> None:
    """Known valid numbers are seen, and spoiled ones are not valid."""
    assert is_luhn("808401234567893")
    assert is_dea("1234563")
    for valid in ("1234567893", "AB1234563", "4111-1111-1111-1111"):
        assert could_be_issued(valid)
        assert not could_be_issued(spoiled(valid))
    assert spoiled("M-1") == "M-1"


@pytest.mark.parametrize(
    ("surface", "shifted"),
    [
        ("March 14", "April 2"),
        ("March 14th, 2024", "April 2nd, 2024"),
        ("03/14/2024", "04/02/2024"),
        ("3/14/24", "4/2/24"),
        ("3/14", "4/2"),
        ("14 MAR 2024", "2 APR 2024"),
        ("Mar 2024", "Apr 2024"),
        ("2024-03", "2024-04"),
        ("03/2024", "04/2024"),
        ("2024", "2024"),
        ("Thursday, March 14", "Tuesday, April 2"),
        ("Thu 3/14/24", "Tue 4/2/24"),
        ("2024-03-14T10:00:00Z", "2024-04-02T10:00:00Z"),
        ("20240314103000-0500", "20240402103000-0500"),
        ("03/14/2024 14:05", "04/02/2024 14:05"),
        ("the 14th", None),
        ("Christmas", None),
        ("13/13/2024", None),
        ("29 Feb 2023", None),
    ],
)
def test_dates_move_at_their_own_precision(surface: str, shifted: str | None) -> None:
    """A shape that is not known is not shifted: the caller redacts it."""
    assert shift_surface(surface, 19, 2024) == shifted


@given(
    st.dates(min_value=__import__("datetime").date(1900, 1, 1), max_value=__import__("datetime").date(2090, 1, 1)),
    st.integers(-364, 364),
    st.integers(0, 400),
)
def test_intervals_are_kept(day, offset: int, apart: int) -> None:
    """Two dates are as far apart as before, whatever the offset."""
    moved = [shift_surface((day + timedelta(days=n)).isoformat(), offset) for n in (0, apart)]
    first, second = (date.fromisoformat(one or "") for one in moved)
    assert (second - first).days == apart


def test_weekdays_can_be_kept() -> None:
    """Whole weeks, never none."""
    policy = replace(load_policy("limited_data_set"), keep_weekday=True)
    for days, moved in ((10, "2024-03-21"), (2, "2024-03-21"), (-2, "2024-03-07"), (-12, "2024-02-29")):
        rewriter = Rewriter(policy, Subject(date_offset_days=days))
        assert rewriter.replacement(PhiLabel.DATE, "2024-03-14").text == moved


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        ("118 Old Ferry Rd Apt 6", "[LOC]"),
        ("118 Old Ferry Rd, Duluth", "[LOC], Duluth"),
        ("PO Box 118", "[LOC]"),
        ("Duluth", "Duluth"),
        ("St. Louis", "St. Louis"),
        ("Oak Street", "[LOC]"),
        ("Cedar Creek", "Cedar Creek"),
        ("Carlton County", "Carlton County"),
        ("12 Main St, Apt 4, Duluth", "[LOC], Duluth"),
        ("Suite 200", "[LOC]"),
        ("Hwy 61", "[LOC]"),
    ],
)
def test_a_limited_data_set_keeps_towns_and_loses_streets(place: str, kept: str) -> None:
    """164.514(e)(2)(ii): postal addresses other than town or city, state and ZIP code."""
    replacement = Rewriter(load_policy("limited_data_set"), Subject()).replacement(PhiLabel.LOC, place)
    assert (replacement.text, replacement.operator) == (kept, Operator.GENERALISE)


def test_a_town_has_the_same_stand_in_alone_and_in_an_address() -> None:
    """Street and town are replaced each by its own."""
    whole = STAND_INS.stand_in(PhiLabel.LOC, "118 Old Ferry Rd, Duluth")
    street, town = whole.split(", ")
    assert is_street(street)
    assert STAND_INS.stand_in(PhiLabel.LOC, "DULUTH") == town.upper()


@given(st.sampled_from(list(PhiLabel)), st.text(max_size=40))
def test_any_surface_has_an_answer(label: PhiLabel, surface: str) -> None:
    """No text fails, none is answered with itself where it had a letter or digit, and twice gives the same."""
    made = STAND_INS.stand_in(label, surface)
    assert made == STAND_INS.stand_in(label, surface)
    if made and any(c.isascii() and c.isalnum() for c in surface) and label is not PhiLabel.NAME:
        assert made != surface
