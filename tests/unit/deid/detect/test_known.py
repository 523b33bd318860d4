"""Propagation of what the vault knows, and the exit gate: every form is found, and nothing else is."""

import pytest

from llmops.deid.detect.known.index import birth_date_forms
from llmops.deid.detect.known.matcher import KnownMatcher
from llmops.deid.detect.known.misspelling import deletions, edit_distance, edits_allowed
from llmops.deid.spans import View
from llmops.deid.verify import survivors
from llmops.identities import Identity, PersonName, PostalAddress, Role, SubjectIdentifier
from llmops.phi import PhiLabel

MRN = SubjectIdentifier(value="00417726")


def matcher(*identities: Identity) -> KnownMatcher:
    return KnownMatcher(identities)


def person(family: str = "", *given: str, text: str = "", **more: object) -> Identity:
    return Identity(subject=(MRN,), names=(PersonName(family=family, given=given, text=text),), **more)


QUELLENBROOK = (
    person(
        "Quellenbrook",
        "Elizabeth",
        "Anne",
        sex="F",
        birth_date="1948-11-02",
        phones=("218-555-0116",),
        emails=("lizq@mail.example",),
        identifiers=(SubjectIdentifier(value="123-45-6789", label=PhiLabel.SSN),),
        addresses=(PostalAddress(lines=("77 Tallow Street",), city="Kewasha", state="MN", postal_code="55811-0021"),),
    ),
    person(text="Okafor, Ngozi", role=Role.RELATIVE),
    person("Drummondson", "Piet", role=Role.CLINICIAN),
    person(text="Lake Tallow Regional Hospital", role=Role.ORGANIZATION),
    person(text="GOOD HEALTH HOSPITAL", role=Role.ORGANIZATION),
)

FOUND = [
    ("quellenbrook came in", "quellenbrook"),
    ("Quellen-\n  brook slept", "Quellen-\n  brook"),
    ("QUELLEN\nBROOK", "QUELLEN\nBROOK"),
    ("| Quellen | brook | 4", "Quellen | brook"),
    ("QUELLENBROOK, ELIZABETH A", "QUELLENBROOK, ELIZABETH"),
    ("Elizabeth A. Quellenbrook", "Elizabeth A. Quellenbrook"),
    ("Quellenbrok slept", "Quellenbrok"),
    ("Qeulenbrook slept", "Qeulenbrook"),
    ("Elizabet slept", "Elizabet"),
    ("Lizzy, no: Betty called", "Betty"),
    ("seen with Liz", "Liz"),
    ("E. Quellenbrook", "Quellenbrook"),
    ("signed by EQ", "EQ"),
    ("login equellenbrook", "equellenbrook"),
    ("chart 417726", "417726"),
    ("0041-7726 again", "0041-7726"),
    ("MRN00417726", "00417726"),
    ("00 41 77 26", "00 41 77 26"),
    ("2185550116", "2185550116"),
    ("(218) 555.0116", "(218) 555.0116"[1:]),
    ("call 555-0116", "555-0116"),
    ("+1 218 555 0116", "218 555 0116"),
    ("SSN 123456789", "123456789"),
    ("123 45 6789", "123 45 6789"),
    ("SSN ending in 6789", "6789"),
    ("xxx-xx-6789", "6789"),
    ("born November 2nd, 1948", "November 2nd, 1948"),
    ("2 Nov 48", "2 Nov 48"),
    ("02NOV1948", "02NOV1948"),
    ("19481102", "19481102"),
    ("11/2/48", "11/2/48"),
    ("1948.11.02", "1948.11.02"),
    ("the 2nd of November 1948", "2nd of November 1948"),
    ("at 77 tallow st.", "77 tallow st"),
    ("77 Tallow", "77 Tallow"),
    ("from Kewasha", "Kewasha"),
    ("55811", "55811"),
    ("LIZQ@MAIL.EXAMPLE", "LIZQ@MAIL.EXAMPLE"),
    ("daughter NGOZI OKAFOR", "NGOZI OKAFOR"),
    ("Okafor", "Okafor"),
    ("per drummondson", "drummondson"),
    ("Piet Drummondson", "Piet Drummondson"),
    ("LAKE TALLOW REGIONAL HOSPITAL", "LAKE TALLOW REGIONAL HOSPITAL"),
    ("at Good Health Hospital", "Good Health Hospital"),
]
LEFT = [
    "betting on health",
    "good health; hospital stay",
    "the tallow was 77 mg",
    "BP 148/77, HR 72, WBC 11.2",
    "11/2 tabs daily",
    "EQ-5D score",
    "pieta",
]


@pytest.mark.parametrize(("text", "surface"), FOUND)
def test_every_form_of_what_is_known_is_covered(text: str, surface: str) -> None:
    """Order, case, nicknames, misspellings, initials, zeros, dashes, date and address shapes hide nothing."""
    view = View.of(text)
    covered = {i for span in matcher(*QUELLENBROOK).find(view) for i in range(span.start, span.end)}
    start = text.index(surface)
    missing = [i for i in range(start, start + len(surface)) if text[i].isalnum() and i not in covered]
    assert not missing


@pytest.mark.parametrize("text", LEFT)
def test_what_only_resembles_it_is_left(text: str) -> None:
    """Words of the language and measurements are not the subject."""
    assert [text[s.start : s.end] for s in matcher(*QUELLENBROOK).find(View.of(text))] == []


def test_a_sequence_of_letters_is_no_misspelt_name() -> None:
    """No name is guessed at in a run longer than every name, where each letter left out would cost a cube."""
    assert matcher(*QUELLENBROOK).find(View.of("MKVLAAGIWRSTDNEQHFPYC" * 200)) == []
    assert matcher(person("Mkvlaagiwr" * 200)).survivors(View.of("Mkvlaagiwr" * 200)).certain == 1


FOREIGN = (
    person("Иванов", "Пётр"),
    person("王", "小明", role=Role.RELATIVE),
    person(text="Ελένη Παπαδοπούλου", role=Role.CLINICIAN),
    person(text="Городская больница", role=Role.ORGANIZATION),
)


@pytest.mark.parametrize("surface", ["иванов", "ПЁТР", "小明", "Παπαδοπούλου", "ΕΛΈΝΗ", "Городская больница"])
def test_a_name_in_another_alphabet_is_found_as_it_is_written(surface: str) -> None:
    """And by the exit gate, in any case; a longer word that it begins is another one where words stand apart."""
    known, text = matcher(*FOREIGN), f"seen by {surface}, 5 mg"
    assert surface in {text[s.start : s.end] for s in known.find(View.of(text))}
    assert survivors([text], known) > 0
    assert survivors(["Ивановский, 5 μg, TNF-α, Δ 3 mm, 王"], known) == 0


LONG_NAME = "Sisters of the Holy Cross of Tallow and the Lakes of the North Shore Regional Hospital"


def test_a_long_organisation_is_found_whole() -> None:
    """However many words it has."""
    (span,) = matcher(person(text=LONG_NAME, role=Role.ORGANIZATION)).find(View.of(f"at {LONG_NAME} again"))
    assert (span.start, span.end) == (3, 3 + len(LONG_NAME))


WORDY = (
    person("May", "Will"),
    person("Parkinson", "Hope", role=Role.RELATIVE),
    person("Ng", "An", role=Role.CLINICIAN),
)
WORDY_FOUND = [
    "Mr. May",
    "Will May",
    "MAY, WILL",
    "W. May",
    "Patient: Will",
    "Will says he is well",
    "Dr. Ng",
    "Mrs. hope",
]
WORDY_LEFT = [
    "He may go home and will call",
    "Plan: Will follow up in May",
    "Will follow up in 2 weeks",
    "hope for the best",
    "Parkinson's disease, Parkinson disease",
    "an NG tube",
    "May 2024",
]


@pytest.mark.parametrize("text", WORDY_FOUND)
def test_a_name_that_is_a_word_is_found_beside_a_person(text: str) -> None:
    """A title, a label, a verb or the other half of the name makes it one."""
    assert matcher(*WORDY).find(View.of(text))


@pytest.mark.parametrize("text", WORDY_LEFT)
def test_a_name_that_is_a_word_is_left_in_language(text: str) -> None:
    """No document is blacked out or withheld because a patient is called Will May."""
    assert [text[s.start : s.end] for s in matcher(*WORDY).find(View.of(text))] == []
    assert survivors([text], matcher(*WORDY)) == 0


@pytest.mark.parametrize(
    "text",
    [
        "x0041772699x",
        "file scan_00417726_1.pdf",
        "ELIZABETH QUELLENBROOK",
        "Quellenbrook Elizabeth",
        "417726",
        "00-41-77-26",
        "218.555-0116",
        "123456789",
        "lizq@mail.example",
        "Lake Tallow Regional Hospital",
    ],
)
def test_the_gate_sees_every_certain_form(text: str) -> None:
    """Digits alone, reversed names, stripped zeros; also glued to something else."""
    known = matcher(*QUELLENBROOK)
    assert survivors(["fine", text], known) > 0
    assert survivors(["fine", "[NAME] [MRN] [DATE 1948] [ZIP 558]", ""], known) == 0


@pytest.mark.parametrize("text", ["Nov 2, 1948", "77 Tallow Street", "of Kewasha", "MN 55811"])
def test_the_gate_sees_places_and_dates_where_it_knows_what_was_kept(text: str) -> None:
    """A text alone does not tell what a policy keeps, so only the gate over documents counts them."""
    known = matcher(*QUELLENBROOK)
    assert survivors([text], known) == 0
    assert known.survivors(View.of(text)).certain > 0


def test_the_gate_raises_no_alarm_for_short_numbers() -> None:
    """An MRN of three digits is no measurement; where the text says MRN it is one."""
    known = matcher(person("Ruiz", "Ana", identifiers=()), Identity(subject=(SubjectIdentifier(value="100"),)))
    assert survivors(["SpO2 100 %, glucose 100 mg/dL, bed 100"], known) == 0
    assert survivors(["MRN: 100"], known) > 0
    assert survivors(["MRN 00100"], known) > 0


@pytest.mark.parametrize(
    ("code", "text", "count"),
    [
        ("00000", "30 mcg/0.3mL dose, 0 refills", 0),
        ("00501", "platelets 501, weight 501 g", 0),
        ("00501", "Holtsville NY 00501", 1),
        ("02184-0021", "MA 02184-0021", 1),
        ("02184-0021", "MA 021840021", 1),
    ],
)
def test_a_zip_code_keeps_its_zeros(code: str, text: str, count: int) -> None:
    """A patient of ZIP code 00000 does not make every nought an identifier."""
    known = matcher(Identity(subject=(MRN,), addresses=(PostalAddress(postal_code=code),), phones=("000-000-0000",)))
    assert known.survivors(View.of(text)).certain == count


@pytest.mark.parametrize(
    ("name", "other", "distance"),
    [
        ("smith", "smith", 0),
        ("smith", "smiht", 1),
        ("smith", "smth", 1),
        ("smith", "smyth", 1),
        ("kowalczyk", "kovalcyk", 2),
    ],
)
def test_edits_are_counted_with_swaps(name: str, other: str, distance: int) -> None:
    """Damerau: a swap of neighbours is one edit."""
    assert edit_distance(name, other) == distance


def test_edits_allowed_grow_with_the_name() -> None:
    """Short names are never guessed at."""
    assert [edits_allowed("x" * length) for length in (4, 5, 8, 9)] == [0, 1, 1, 2]
    assert set(deletions("abc", 1)) == {"abc", "bc", "ac", "ab"}


def test_a_birth_date_that_is_none_gives_no_form() -> None:
    """A year alone or rubbish is not searched for."""
    assert birth_date_forms("1948") == birth_date_forms("") == birth_date_forms("soon") == frozenset()


def test_a_word_that_was_asked_of_before_gets_the_same_answer() -> None:
    """A text is read twice, before and after; capital letters still decide where they did."""
    known = matcher(person("Quelle"))
    texts = ["Quele came", "quele came", "Quele came", "quele came"]
    assert [bool(known.find(View.of(text))) for text in texts] == [True, False, True, False]
