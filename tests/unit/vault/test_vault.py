"""The vault: one subject for one patient, and stand-ins that stay."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops.errors import RecipeError, StageError
from llmops.identities import Role
from llmops.phi import PhiLabel
from llmops.vault import Vault
from tests.unit.vault.people import KEY, ident, mrn, person


def seeded(seed=0):
    """Random bytes that a test can repeat."""
    return random.Random(seed).randbytes


@pytest.fixture
def path(tmp_path):
    return tmp_path / "raw" / "vault.sqlite"


@pytest.fixture
def vault(path):
    with Vault.open(path, KEY) as opened:
        yield opened


def test_identities_come_back_whole(vault):
    """Everything a structured record said is there, once."""
    self_, relative = person(mrn("A1")), person(mrn("A1"), family="Sorrel", role=Role.RELATIVE)
    vault.register([self_, relative, self_])
    subject = vault.subject([mrn("A1")])
    assert vault.known(subject) == (self_, relative)
    assert vault.subject_count == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (mrn("ZQ-0048213"), mrn("zq0048213")),
        (mrn("00123"), mrn("123")),
        (mrn("12 34", "urn:oid:1.2.3"), mrn("1234", "1.2.3")),
        (mrn("7", "http://Hospital.example/"), mrn("7", "http://hospital.example")),
        (mrn("４２"), mrn("42")),
        (ident(PhiLabel.SSN, "219-09-1234", "x"), ident(PhiLabel.SSN, "219091234", "y")),
        (ident(PhiLabel.OTHERID, "NA12878", "s"), ident(PhiLabel.OTHERID, "na12878", "s")),
    ],
)
def test_one_identifier_written_two_ways_is_one_subject(vault, one, other):
    """Case, dashes, zeros, OID spelling and full-width digits do not split a patient."""
    vault.register([person(one), person(other, family="Other")])
    assert vault.subject_count == 1
    assert vault.subject([one]) == vault.subject([other]) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (mrn("42", "1.2.3"), mrn("42", "1.2.4")),
        (mrn("42"), ident(PhiLabel.OTHERID, "42", "1.2.3")),
        (mrn("420"), mrn("42")),
    ],
)
def test_look_alikes_are_two_subjects(vault, one, other):
    """The same number from another assigner, or of another kind, is another patient; so is the same name."""
    vault.register([person(one), person(other)])
    assert vault.subject_count == 2
    assert vault.subject([one]) != vault.subject([other])


@pytest.mark.parametrize("label", [PhiLabel.ACCT, PhiLabel.PLAN, PhiLabel.LICENSE])
def test_shared_numbers_do_not_link(vault, label):
    """A family's plan number does not make one patient of two."""
    shared = ident(label, "77", "payer")
    vault.register([person(mrn("1"), shared), person(mrn("2"), shared)])
    assert vault.subject_count == 2
    assert vault.subject([shared]) is None


def test_record_with_nothing_but_an_account_number_is_a_subject_of_its_own(vault):
    """It is found again by that number, and is never taken for a patient with an MRN."""
    account = ident(PhiLabel.ACCT, "77", "bill")
    vault.register([person(mrn("1"), account), person(account)])
    assert vault.subject_count == 2
    assert vault.subject([account]) not in (None, vault.subject([mrn("1")]))
    assert vault.subject([mrn("1"), account]) == vault.subject([mrn("1")])


@pytest.mark.parametrize(
    "value", ["000-00-0000", "999-99-9999", "123-45-6789", "666-12-1234", "078-05-1120", "12345", ""]
)
def test_social_security_numbers_that_nobody_has_do_not_link(vault, value):
    """What people type to get past a form would make one patient of many."""
    fake = ident(PhiLabel.SSN, value)
    vault.register([person(mrn("1"), fake), person(mrn("2"), fake), person(fake)])
    assert vault.subject_count == 2
    assert vault.subject([fake]) is None


@pytest.mark.parametrize("value", ["", "---", "000", "N/A", "Unknown", "none", "NULL"])
def test_placeholders_name_nobody(vault, value):
    """A filled-in blank is no identifier."""
    vault.register([person(mrn(value)), person(mrn(value, ""))])
    assert vault.subject_count == 0
    assert vault.subject([mrn(value)]) is None


def test_a_record_with_two_numbers_merges_and_the_older_pseudonym_stays(vault):
    """A registration that turns out to be of a known patient."""
    vault.register([person(mrn("1"))])
    first = vault.subject([mrn("1")])
    name, offset, seed = vault.pseudonym(first), vault.date_offset_days(first), vault.surrogate_seed(first)
    vault.register([person(mrn("2", "b"), family="Sorrel")])
    second = vault.subject([mrn("2", "b")])
    assert vault.pseudonym(second) != name
    vault.register([person(mrn("2", "b"), mrn("1"))])
    assert vault.subject([mrn("2", "b")]) == vault.subject([mrn("1")]) == first
    assert vault.subject_count == 1
    assert (vault.pseudonym(second), vault.date_offset_days(second)) == (name, offset)
    assert vault.surrogate_seed(second) == seed
    assert {name.family for one in vault.known(second) for name in one.names} == {"Quackenbush", "Sorrel"}


def test_identifier_without_assigner_joins_the_only_patient_it_can_be(vault):
    """In whatever order the records come."""
    vault.register([person(mrn("9", "")), person(mrn("9", "1.2.3"))])
    assert vault.subject_count == 1
    assert vault.subject([mrn("9", "")]) == vault.subject([mrn("9", "1.2.3")])


def test_identifier_without_assigner_stays_alone_where_two_could_be_meant(vault):
    """Guessing would show one patient's names to another's document."""
    vault.register([person(mrn("9", "a")), person(mrn("9", "")), person(mrn("9", "b"))])
    assert vault.subject_count == 3
    assert len({vault.subject([mrn("9", assigner)]) for assigner in ("a", "b", "")}) == 3


def test_unregistered_identifier_is_looked_up_by_value_only_where_it_is_safe(vault):
    """Unknown assigner on one side and one candidate: found; a known, different assigner: not."""
    vault.register([person(mrn("5", "a")), person(mrn("6", ""))])
    assert vault.subject([mrn("5", "")]) == vault.subject([mrn("5", "a")])
    assert vault.subject([mrn("6", "z")]) == vault.subject([mrn("6", "")])
    assert vault.subject([mrn("5", "b")]) is None
    assert vault.subject([mrn("7", "")]) is None
    assert vault.subject([]) is None


def test_registering_again_changes_nothing(vault):
    """A resumed run gives the same vault, and so the same release."""
    people = [person(mrn(str(i // 2), "ab"[i % 2]), ident(PhiLabel.SSN, f"21909{1000 + i // 3}")) for i in range(60)]
    vault.register(people)
    before, names = vault.digest(), [vault.pseudonym(vault.subject(one.subject)) for one in people]
    vault.register(people)
    vault.register(reversed(people))
    assert vault.digest() == before
    assert [vault.pseudonym(vault.subject(one.subject)) for one in people] == names


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_subjects_do_not_depend_on_the_order_of_records(tmp_path_factory, data):
    """The same records in any order give the same grouping."""
    numbers = st.tuples(st.sampled_from("12345"), st.sampled_from(["a", "b", ""]))
    records = data.draw(st.lists(st.lists(numbers, min_size=1, max_size=2), min_size=1, max_size=7))
    people = [person(*(mrn(value, assigner) for value, assigner in record)) for record in records]
    shuffled = data.draw(st.permutations(people))
    groupings = []
    for order in (people, shuffled):
        with Vault.open(tmp_path_factory.mktemp("v") / "v.sqlite", KEY) as vault:
            vault.register(order)
            groups = {}
            for one in {identifier for person_ in people for identifier in person_.subject}:
                groups.setdefault(vault.subject([one]), set()).add(one)
            groupings.append({frozenset(group) for group in groups.values()})
    assert groupings[0] == groupings[1]


def test_a_registration_that_fails_leaves_no_trace(vault):
    """All or nothing."""
    before = vault.digest()

    def breaking():
        yield person(mrn("1"))
        raise RuntimeError("source broke")

    with pytest.raises(RuntimeError, match="broke"):
        vault.register(breaking())
    assert vault.digest() == before
    assert vault.subject([mrn("1")]) is None
    vault.register([person(mrn("1"))])
    assert vault.subject_count == 1


def test_pseudonyms_are_well_formed_and_offsets_are_in_range(vault):
    """S- and 16 of Crockford's characters; 1 to 364 days either way, never none."""
    vault.register(person(mrn(f"p{i}")) for i in range(1, 400))
    subjects = [vault.subject([mrn(f"p{i}")]) for i in range(1, 400)]
    names = {vault.pseudonym(subject) for subject in subjects}
    offsets = [vault.date_offset_days(subject) for subject in subjects]
    assert len(names) == len(subjects) == 399
    assert all(name.startswith("S-") and set(name[2:]) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ") for name in names)
    assert {len(name) for name in names} == {18}
    assert all(1 <= abs(days) <= 364 for days in offsets)
    assert min(offsets) < 0 < max(offsets)
    assert {len(vault.surrogate_seed(subject)) for subject in subjects} == {32}


def test_random_pseudonyms_say_nothing_of_the_identifier(tmp_path):
    """164.514(c)(1): the same patient under the same key has another name in another vault."""
    names = []
    for number in range(2):
        with Vault.open(tmp_path / f"{number}.sqlite", KEY) as vault:
            vault.register([person(mrn("1"))])
            names.append(vault.pseudonym(vault.subject([mrn("1")])))
    assert names[0] != names[1]


def test_keyed_pseudonyms_are_the_same_in_every_vault_of_the_key(tmp_path):
    """For limited data sets; another key gives other names."""
    names = []
    for number, key in enumerate((KEY, KEY, KEY[::-1])):
        with Vault.open(tmp_path / f"{number}.sqlite", key, keyed=True) as vault:
            vault.register([person(mrn("1"))])
            names.append(vault.pseudonym(vault.subject([mrn("1")])))
    assert names[0] == names[1] != names[2]


def test_vault_is_random_or_keyed_for_good(path, vault):
    """A Safe Harbor vault is not opened for keyed pseudonyms, nor the other way."""
    with pytest.raises(RecipeError, match=r"164\.514"):
        Vault.open(path, KEY, keyed=True)


def test_injected_randomness_gives_the_same_stand_ins(tmp_path):
    """Repeatable where a test wants it."""
    found = []
    for number in range(2):
        with Vault.open(tmp_path / f"{number}.sqlite", KEY, rng=seeded()) as vault:
            vault.register([person(mrn("1")), person(mrn("2"))])
            subject = vault.subject([mrn("2")])
            found.append((vault.pseudonym(subject), vault.date_offset_days(subject), vault.surrogate_seed(subject)))
    assert found[0] == found[1]


def test_names_that_no_encoding_takes_are_kept(vault):
    """A lone surrogate from a careless decoder costs nothing."""
    broken = person(mrn("1"), family="Qu\udc80ck")
    vault.register([broken, broken])
    assert vault.known(vault.subject([mrn("1")])) == (broken,)


@pytest.mark.parametrize("subject", ["", "v", "x1", "1", "v-1", "v999"])
def test_unknown_subject_id_is_refused(vault, subject):
    """Ids come from this vault."""
    with pytest.raises(StageError):
        vault.pseudonym(subject)


def test_merges_in_chains_lead_to_the_oldest(vault):
    """Old ids keep leading to the subject, however many merges lie between."""
    vault.register(person(mrn(f"c{i}")) for i in range(1, 6))
    ids = [vault.subject([mrn(f"c{i}")]) for i in range(1, 6)]
    name = vault.pseudonym(ids[0])
    for one, other in itertools.pairwise(reversed(range(1, 6))):
        vault.register([person(mrn(f"c{one}"), mrn(f"c{other}"))])
    assert {vault.pseudonym(old) for old in ids} == {name}
    assert vault.subject_count == 1


@pytest.mark.parametrize("written", ["Zebulon Quackenbush", "QUACKENBUSH, ZEBULON Q", "zebulon  quackenbush"])
def test_a_whole_name_is_known_as_a_patients_however_written(vault, written):
    """A stand-in must not be anybody's whole name; a part of one, or a relative's, may be."""
    vault.register([person(mrn("1")), person(mrn("1"), family="Ottersby", role=Role.RELATIVE)])
    assert vault.is_anybodys(ident(PhiLabel.NAME, written))
    assert not vault.is_anybodys(ident(PhiLabel.NAME, "Quackenbush"))
    assert not vault.is_anybodys(ident(PhiLabel.NAME, "Zebulon Ottersby"))


def test_a_number_that_two_patients_share_is_somebodys(vault):
    """Nobody is found by it, and it must not become a stand-in all the same."""
    vault.register([person(mrn("77", assigner=a)) for a in ("1.2.3", "4.5.6")])
    assert vault.subject([mrn("77", assigner="")]) is None
    assert vault.is_anybodys(mrn("77", assigner=""))
    assert not vault.is_anybodys(mrn("78", assigner=""))
