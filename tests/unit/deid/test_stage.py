"""Documents through the stage: one subject alike everywhere, fields with the narrative, and fail closed."""

import logging
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import pytest

from llmops.deid import DeidConfig, Deidentifier, PresidioDeidentifier, Scanner, load_policy
from llmops.deid.detect.detector import Detector
from llmops.deid.detect.presidio import ClinicalWords
from llmops.documents import (
    ClinicalDocument,
    DeidentifiedDocument,
    Field,
    FieldPhi,
    Kind,
    Provenance,
    Reason,
    Section,
    Withheld,
)
from llmops.identities import Identity, PersonName, PostalAddress, SubjectIdentifier
from llmops.phi import PhiLabel

CANARY = "Quellenbrook"
MRN = SubjectIdentifier(value="00417726")


@dataclass
class OneSubject:
    """A vault that knows one invented patient."""

    identities: tuple[Identity, ...] = (
        Identity(
            subject=(MRN,),
            names=(PersonName(family=CANARY, given=("Maybelle",)),),
            birth_date="1948-11-02",
            phones=("218-555-0116",),
            addresses=(PostalAddress(lines=("77 Tallow Street",), city="Kewasha", state="MN", postal_code="55811"),),
        ),
    )
    asked: list[str] = field(default_factory=list)

    def subject(self, identifiers: Sequence[SubjectIdentifier]) -> str | None:
        return "s1" if MRN in identifiers else None

    def pseudonym(self, subject: str) -> str:
        return "P-7Q2"

    def date_offset_days(self, subject: str) -> int:
        return -10

    def known(self, subject: str) -> tuple[Identity, ...]:
        return self.identities

    def is_anybodys(self, identifier: SubjectIdentifier) -> bool:
        return identifier.value == MRN.value

    def surrogate_seed(self, subject: str) -> bytes:
        return b"k" * 32


def document(text: str, **changes: object) -> ClinicalDocument:
    made = ClinicalDocument(
        document_id="r1.0",
        record_id="r1",
        subject=(MRN,),
        kind=Kind.NOTE,
        text=text,
        time="2024-03-14T10:00:00",
        provenance=Provenance(format="text"),
    )
    return replace(made, **changes)


def rewritten(text: str, policy: str = "safe_harbor", **changes: object) -> DeidentifiedDocument:
    stage = PresidioDeidentifier(DeidConfig(ner="none"), load_policy(policy, determination="D-1"), OneSubject())
    (done,) = stage.process([document(text, **changes)])
    assert isinstance(done, DeidentifiedDocument)
    return done


@pytest.mark.parametrize(
    "form",
    [
        "quellenbrook came in",
        "QUELLENBROOK, MAYBELLE",
        "Quellenbrok was seen",
        "chart 417726",
        "0041-7726 again",
        "2185550116",
        "nov 2, 1948",
        "02-nov-1948",
        "at 77 tallow street",
        "from Kewasha",
    ],
)
def test_what_the_vault_knows_is_found_in_every_form(form: str) -> None:
    """Other order, case, misspelling, zeros, dashes and date shapes do not hide the subject."""
    done = rewritten(f"note: {form} ok")
    assert done.text.startswith("note: ")
    for word in ("uellenbro", "UELLEN", "417726", "5550116", "ov 2", "02-nov", "allow", "ewasha"):
        assert word not in done.text


def test_findings_lie_on_the_placeholders() -> None:
    """Offsets are those of the output."""
    done = rewritten("Mrs. Quellenbrook, MRN 00417726, seen 3/14/24 by Dr. Ash Tree, 94-year-old.")
    assert done.subject == "P-7Q2"
    assert done.policy_id.startswith("safe_harbor@")
    assert [done.text[f.start : f.end] for f in done.findings] == [
        "[NAME]",
        "[MRN]",
        "[DATE 2024]",
        "[NAME]",
        "[AGE90 90+]",
    ]


def test_fields_title_time_and_sections_follow_the_text() -> None:
    """Typed fields by their class, free text searched, sections moved."""
    text = "HISTORY\nMrs. Quellenbrook slept.\nPLAN\nSee her 3/20/24."
    plan = text.index("PLAN")
    done = rewritten(
        text,
        title="Letter to Maybelle Quellenbrook",
        sections=(Section(start=0, end=plan, name="history"), Section(start=plan, end=len(text), name="plan")),
        fields=(
            Field(name="Patient.identifier", value="00417726", phi=PhiLabel.MRN),
            Field(name="Patient.zip", value="55811", phi=PhiLabel.ZIP),
            Field(name="Note.comment", value="Quellenbrook called", phi=FieldPhi.FREE_TEXT),
            Field(name="Patient.age", value=45, phi=PhiLabel.AGE90),
            Field(name="Observation.value", value=7.2),
        ),
    )
    assert CANARY not in repr(done) + done.title
    assert [f.value for f in done.fields] == ["[MRN]", "[ZIP 558]", "[NAME] called", 45, 7.2]
    assert done.time == "2024"
    assert done.text[done.sections[1].start : done.sections[1].end].startswith("PLAN\nSee her [DATE")


def test_a_coded_field_is_believed_only_as_far_as_the_narrative() -> None:
    """Senders write callback numbers and names into displays and results; measures and codes stay as they are."""
    none = {
        "display": "Hypertension, daughter Petra Haverbrook 802-555-1112",
        "callback": 8025551035,
        "age": 97,
        "range": "3/14/2024 - 3/20/2024",
        "potassium": 7,
        "status": "final",
        "sex": "F",
        "class": "LEE",
        "code": "Essential hypertension",
    }
    text = (
        "Dx: Hypertension, daughter Petra Haverbrook 802-555-1112\nPhone: 8025551035\nAge: 97 years\n"
        "Seen 3/14/2024 - 3/20/2024, again 3/7. Potassium 7. Essential hypertension. Petra Haverbrook, RN, "
        "for Dr. LEE, Sex: LEE. Petra F Haverbrook."
    )
    done = rewritten(text, fields=tuple(Field(name=name, value=value) for name, value in none.items()))
    assert {f.name: f.value for f in done.fields} == {
        "display": "Hypertension, daughter [NAME] [PHONE]",
        "callback": "[PHONE]",
        "age": "[AGE90 90+]",
        "range": "[DATE 2024] - [DATE 2024]",
        "potassium": 7,
        "status": "final",
        "sex": "F",
        "class": "[NAME]",
        "code": "Essential hypertension",
    }
    assert {f.name for f in done.fields if f.phi is FieldPhi.FREE_TEXT} == {
        "display", "callback", "age", "range", "class",
    }  # fmt: skip


@pytest.mark.parametrize(("unit", "left"), [("a", "[AGE90 90+]"), ("", "[AGE90 90+]"), ("%", 97)])
def test_a_number_of_years_is_an_age_as_in_the_narrative(unit: str, left: object) -> None:
    """164.514(b)(2)(i)(C); a saturation of 97 % beside it is none."""
    (field,) = rewritten("Age: 97 years. SpO2 97 %.", fields=(Field(name="OBX-5", value=97, unit=unit),)).fields
    assert field.value == left


def test_a_coded_field_that_the_narrative_leaves_out_is_searched() -> None:
    """Nothing else would have looked at it."""
    fields = [Field(name="display", value="call Dr. Haverbrook 802-555-1112"), Field(name="unit", value="13.25")]
    done = rewritten("Stable.", fields=tuple(fields))
    assert [f.value for f in done.fields] == ["call Dr. [NAME] [PHONE]", "13.25"]


@pytest.mark.parametrize(
    ("time", "left"),
    [
        ("2024-03-14T10:00:00Z call 802-555-1175", "2024-03-04T10:00:00Z"),
        ("2024-03-14T10:00:00.250+02:00", "2024-03-04T10:00:00.250+02:00"),
        ("2024-03-14", "2024-03-04"),
        ("2024-03", "2024-03"),
        ("call 802-555-1175", ""),
        ("20240314", ""),
    ],
)
def test_what_stands_behind_a_time_is_dropped(time: str, left: str) -> None:
    """A time is an ISO 8601 one and nothing else, whatever the sender put behind it."""
    assert rewritten("Stable.", policy="limited_data_set", time=time).time == left


def test_numbers_in_free_text_fields_are_searched() -> None:
    """A column of a Parquet file may hold integers; where nothing is found, the number stays one."""
    values = (6175550143, 417726, 45, 7.25, True, None)
    done = rewritten(
        "fine", fields=tuple(Field(name=f"row.{n}", value=v, phi=FieldPhi.FREE_TEXT) for n, v in enumerate(values))
    )
    assert [f.value for f in done.fields] == ["[OTHERID]", "[MRN]", 45, 7.25, True, None]


@pytest.mark.parametrize(
    ("age", "left"), [("00097", "[AGE90 90+]"), ("089", "089"), ("000", "000"), (97, "[AGE90 90+]")]
)
def test_an_age_over_89_is_aggregated_however_padded(age: str | int, left: str) -> None:
    """Zeros in front make nobody younger."""
    (done,) = rewritten("fine", fields=(Field(name="row.age", value=age, phi=PhiLabel.AGE90),)).fields
    assert done.value == left


def test_what_looks_like_a_placeholder_is_searched() -> None:
    """Only years, three digits of a ZIP code and 90+ stand behind a label from here."""
    for text in ("[SSN 1234]", "Chart [MRN 4471] x", "pager [PHONE 5512]", "chart [MRN 0417726]", "[AGE90 417726]"):
        assert not {"1234", "4471", "5512", "0417726", "417726"} & set(rewritten(text).text.replace("]", " ").split())
    assert rewritten("[DATE 2024] in [ZIP 021], [AGE90 90+]").text == "[DATE 2024] in [ZIP 021], [AGE90 90+]"


def test_a_text_the_network_did_not_read_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules alone are less than the recipe asked for."""
    monkeypatch.setattr(ClinicalWords, "pipe", lambda _self, stream, **_: iter(stream))
    stage = PresidioDeidentifier(DeidConfig(ner="clinical"), load_policy("safe_harbor"), None)
    (answer,) = stage.process([document("fine")])
    assert isinstance(answer, Withheld)
    assert answer.reason is Reason.DEID_FAILED


def test_dates_are_shifted_in_their_own_shape() -> None:
    """A limited data set keeps intervals; the shape of each date stays."""
    done = rewritten("Seen 03/14/2024, 3/20/24, 5-Jun, March 2nd, 2024 and the 14th.", policy="limited_data_set")
    assert "03/04/2024, 3/10/24, 26-May, February 21" in done.text
    assert "the 4th" in done.text
    assert done.time.startswith("2024-03-04")


def test_stand_ins_are_the_same_for_the_same_subject() -> None:
    """Hiding in plain sight: consistent within and across documents, and never the real name."""
    first = rewritten("Mrs. Quellenbrook and Maybelle Quellenbrook.", policy="expert_determination")
    second = rewritten("QUELLENBROOK, MAYBELLE", policy="expert_determination")
    family = first.text.removeprefix("Mrs. ").split()[0]
    assert first.text.count(family) == 2
    assert second.text.split(",")[0] == family.upper()


def test_a_failing_document_is_withheld_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong: that document is withheld, the others go on, and nothing says what it held."""
    real = Detector.find

    def failing(self: Detector, texts: Sequence[str], known: Sequence[object] = ()) -> object:
        if any("BOOM" in text for text in texts):
            raise ValueError(CANARY)
        return real(self, texts, known)

    monkeypatch.setattr(Detector, "find", failing)
    stage = PresidioDeidentifier(DeidConfig(ner="none"), load_policy("safe_harbor"), None)
    with caplog.at_level(logging.DEBUG):
        good, bad = stage.process([document("fine"), document(f"BOOM {CANARY}")])
    assert isinstance(good, DeidentifiedDocument)
    assert isinstance(bad, Withheld)
    assert bad.reason is Reason.DEID_FAILED
    assert CANARY not in caplog.text + repr(bad)


def test_a_survivor_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit gate searches what leaves, digits run together too."""
    monkeypatch.setattr(Detector, "find", lambda _self, texts, _known=(): [() for _ in texts])
    stage = PresidioDeidentifier(DeidConfig(ner="none"), load_policy("safe_harbor"), OneSubject())
    for text in ("quellenbrook", "call 218.555-0116", "nothing"):
        (answer,) = stage.process([document(text)])
        assert isinstance(answer, Withheld) is (text != "nothing")


def test_text_facade_and_scanner_agree() -> None:
    """Input offsets from detect, output offsets from text, nothing from text that is already clean."""
    deidentifier = Deidentifier("safe_harbor", config=DeidConfig(ner="none"))
    text = "Call Dr. Ash Tree at (218) 555-0142."
    found = deidentifier.detect(text)
    assert [text[f.start : f.end] for f in found] == ["Ash Tree", "(218) 555-0142"]
    done = deidentifier.text(text)
    assert done.text == "Call Dr. [NAME] at [PHONE]."
    assert Scanner(DeidConfig(ner="none")).scan(done.text) == []
    assert "Ash" not in repr(done)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Dietitian: [NAME] RD", []),
        ("Dr. [NAME] RD", []),
        ("[NAME] [NAME], RD, LDN", []),
        ("[NAME] OTR/L", []),
        ("[NAME] Quimberly", ["Quimberly"]),
        ("[NAME] RD Quimberly", ["RD Quimberly"]),
        ("Dr. Quimberly RD", ["Quimberly"]),
    ],
)
def test_the_guard_takes_no_credential_beside_a_placeholder_for_a_name(text: str, found: list[str]) -> None:
    """What is left beside ``[NAME]`` is a degree; a surname beside it is still found."""
    assert [text[f.start : f.end] for f in Scanner(DeidConfig()).scan(text)] == found


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_that_stand_apart_are_no_end_of_a_word(form: Literal["NFC", "NFD"]) -> None:
    """Composed or decomposed, a name or a month is found whole: no normalisation was before."""
    written = "Pt José Muñoz, sister Inés, seen 12 août 2024 by Dr. Zoë Brontë."
    text = unicodedata.normalize(form, written)
    deidentifier = Deidentifier("safe_harbor", config=DeidConfig())
    done = deidentifier.text(text)
    assert done.text == "Pt [NAME], sister [NAME], seen [DATE 2024] by Dr. [NAME]."
    assert [unicodedata.normalize("NFC", text[f.start : f.end]) for f in deidentifier.detect(text)][:2] == [
        "José Muñoz",
        "Inés",
    ]


@pytest.mark.parametrize(
    ("text", "done"),
    [
        ("SSN 123&#45;45&#x2D;6789 on file.", "SSN [SSN] on file."),
        ("SSN &#49&#x32&#51-45-6789, Dr. &#81uimberly.", "SSN [SSN], Dr. [NAME]."),
        ("Call 802&amp;#45;555&hyphen;1234 today.", "Call [PHONE] today."),
        ("Mr. Haver<b>brook</b>son called.", "Mr. [NAME] called."),
        ("Mr. Q\u0336u\u0336i\u0336mberly called.", "Mr. [NAME] called."),
        ("Call 8\ufe0f\u20e30\ufe0f\u20e32\ufe0f\u20e3-5\ufe0f\u20e355-1234 today.", "Call [PHONE] today."),
        ("SSN " + "\u2800".join("123-45-6789") + " on file.", "SSN [SSN] on file."),
        ("Call " + "\u200a".join("802-555-1234") + " today.", "Call [PHONE] today."),
        ("A man, age 9\u202f7, rests.", "A man, age [AGE90 90+], rests."),
        ("Seen by Dr. Q u i m b e r l y today.", "Seen by Dr. [NAME] today."),
        ("J A N E   D O E\n\nSeen today by Dr. Q U I M B E R L Y.", "[NAME]\n\nSeen today by Dr. [NAME]."),
        ("Patient:  D O E ,   J A N E   Q\nSister L I N D A   K .   P R E W I T T", "Patient:  [NAME]\nSister [NAME]"),
        ("T N M: A B C D E. Read E F P T O Z, L P E D, F E L O P Z D. Blood A B O. D I S C H A R G E   N O T E",) * 2,
        ("K &lt;3.5 and x < 5 > y; hepatitis A B C, <b>stable</b>.",) * 2,
    ],
)
def test_what_is_spelt_otherwise_is_found_as_a_reader_sees_it(text: str, done: str) -> None:
    """References, tags, marks and narrow spaces inside a number or name: no normalisation was before."""
    assert Deidentifier("safe_harbor", config=DeidConfig(ner="none")).text(text).text == done


def test_a_known_name_is_found_where_its_accents_stand_apart() -> None:
    """The vault knows one form, the text has another."""
    luz = Identity(subject=(MRN,), names=(PersonName(family="Peña", given=("Luz",)),))
    vault = replace(OneSubject(), identities=(luz,))
    stage = PresidioDeidentifier(DeidConfig(ner="none"), load_policy("safe_harbor"), vault)
    (done,) = stage.process(
        [document(unicodedata.normalize("NFD", "Stable overnight, Peña slept well; plan per luz peña."))]
    )
    assert isinstance(done, DeidentifiedDocument)
    assert done.text == "Stable overnight, [NAME] slept well; plan per [NAME]."


def test_a_known_name_is_known_however_its_source_spelt_it() -> None:
    """A table or a message may hold ``Brien&#115;tock`` where the note says it plainly."""
    luz = Identity(subject=(MRN,), names=(PersonName(family="Brien&#115;to\u00adck", given=("Luz",)),))
    stage = PresidioDeidentifier(
        DeidConfig(ner="none"), load_policy("safe_harbor"), replace(OneSubject(), identities=(luz,))
    )
    (done,) = stage.process([document("Stable overnight, Brienstock slept well.")])
    assert isinstance(done, DeidentifiedDocument)
    assert done.text == "Stable overnight, [NAME] slept well."


def test_a_field_and_the_text_get_the_same_stand_in() -> None:
    """One function for both: number, name, telephone and town; the exit gate lets them pass."""
    done = rewritten(
        "Maybelle Quellenbrook, MRN 0041-7726, of Kewasha, called from 218.555.0116.",
        policy="expert_determination",
        fields=(
            Field(name="PID-3", value="00417726", phi=PhiLabel.MRN),
            Field(name="PID-5", value="Quellenbrook^Maybelle", phi=PhiLabel.NAME),
            Field(name="PID-11.city", value="KEWASHA", phi=PhiLabel.LOC),
            Field(name="PID-13", value="(218) 555-0116", phi=PhiLabel.PHONE),
        ),
    )
    number, name, city, phone = (str(f.value) for f in done.fields)
    family, given_name = name.split("^")
    assert done.text.startswith(f"{given_name} {family}, MRN {number[:4]}-{number[4:]}, of ")
    assert city.title().lower() in done.text.lower()
    assert phone[-7:].replace("-", ".") in done.text
    assert CANARY not in done.text + name


def test_a_limited_data_set_keeps_the_town_and_the_time_of_day() -> None:
    """164.514(e)(2)(ii): the street goes; dates move by whole days."""
    done = rewritten("Lives at 77 Tallow Street, Kewasha, MN 55811.", policy="limited_data_set")
    assert done.text == "Lives at [LOC], Kewasha, MN 55811."
    assert done.time == "2024-03-04T10:00:00"
