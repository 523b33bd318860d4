"""Each dimension by tables: what must be found, and look-alikes that must not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops.documents import DeidentifiedDocument, Field, Kind, Provenance
from llmops.phi import PhiLabel
from llmops.quality import load_policy
from llmops.quality.checks import completeness, conformance, plausibility, residual_risk, text_health, uniqueness
from llmops.quality.checks.conformance import is_loinc, is_snomed, well_formed
from llmops.quality.scorer import CHECKS, assess

GOOD = (
    "HISTORY: [NAME] was seen on [DATE 2024] for follow-up of hypertension. She feels well and takes tablets daily.\n"
    "EXAM: BP 128/76, HR 72, Temp 36.8 C, SpO2 98% on room air. Lungs are clear. No oedema was found today.\n"
    "PLAN: Continue lisinopril 10 mg. Return in six months, sooner if headaches recur.\n"
)


def rules(check, document, policy):
    """Names of what a check found."""
    return [item.rule for item in check(document, policy)[1]]


def test_a_good_note_is_perfect(document, policy):
    """Nothing is taken off a note that has nothing wrong."""
    report = assess(document(GOOD), policy)
    assert report.score == 1.0
    assert report.evidence == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["empty"]),
        ("  \n", ["empty"]),
        ("[NAME] [DATE]\n[MRN]", ["placeholder_only"]),
        ("Seen today. Well.", ["very_short"]),
        (GOOD + "She was then referred to the", ["cut_off"]),
        (GOOD + "Findings include oedema, redness, and,", ["cut_off"]),
        (GOOD + "The right kidney shows hydro-", ["cut_off"]),
        (GOOD + "IMPRESSION:", ["cut_off"]),
        (GOOD + "[truncated]", ["cut_off"]),
        (GOOD + "The scan was compared with the one before and shows a small new nodule near", ["ends_mid_sentence"]),
        (GOOD + "Follow up in 2 weeks", []),
        (GOOD + "Dr [NAME], MD", []),
        (GOOD + "Electronically signed by [NAME] MD on [DATE 2024] at the main campus clinic", []),
        (GOOD + "-----", []),
        (GOOD + "Hb 13.2", []),
    ],
)
def test_completeness(document, policy, text, expected):
    """Empty, short and cut-off texts are found; short last lines and signatures are no cut."""
    assert rules(completeness.check, document(text), policy) == expected


def test_what_a_note_should_have_is_missed(document, policy):
    """Title, time and subject, as the policy lists them for the kind."""
    bare = document(GOOD, title="", time="", subject="")
    assert rules(completeness.check, bare, policy) == ["missing_title", "missing_time", "missing_subject"]
    summary = document("Potassium 4.1 mmol/L", kind=Kind.SUMMARY, title="", time="")
    assert rules(completeness.check, summary, policy) == []


def test_fields_alone_are_no_empty_document(document, policy):
    """A summary may hold typed fields only."""
    only = document("", kind=Kind.SUMMARY, fields=(Field(name="a", value=1),))
    assert "empty" not in rules(completeness.check, only, policy)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HR 72, heart rate: 45, pulse of 190", []),
        ("HR 720", ["implausible_value"]),
        ("Heart rate is 1050 bpm", ["implausible_value"]),
        ("BP 120/80 and BP: 90 / 60", []),
        ("BP 80/120", ["pressure_reversed"]),
        ("blood pressure 1200/80", ["implausible_value"]),
        ("Temp 98.6 F, temperature 36.6, Temp 104", []),
        ("Temp 986", ["implausible_value"]),
        ("Temp 98.6 C", ["implausible_value"]),
        ("Tmax 37.2 overnight", []),
        ("SpO2 98%, O2 sat 91 on room air", []),
        ("SpO2 109%", ["implausible_value"]),
        ("weight 82 kg, Wt 180 lbs", []),
        ("Weight: 8200 kg", ["implausible_value"]),
        ("height 17 m", ["implausible_value"]),
        ("Height 172 cm", []),
        ("potassium 4.2, K+ 3.9 mmol/L", []),
        ("Potassium 42 mmol/L", ["implausible_value"]),
        ("glucose 110 mg/dL; Glucose 6.1 mmol/L", []),
        ("Glucose 11000", ["implausible_value"]),
        ("Hgb 13.4, Hb 134 g/L", []),
        ("Hgb 134 g/dL", ["implausible_value"]),
        ("potassium 40 mg daily, weight 300 mg", []),
        ("HR 72-80, Temp 2-8 C store, Hgb 0400, RR-2290, HB-30914, BP 120/80/60", []),
        ("a 45-year-old, 12 yo, aged 88, age 60", []),
        ("a 145-year-old", ["impossible_age"]),
        ("a -5 year old boy", ["impossible_age"]),
        ("aged 450", ["impossible_age"]),
        ("1409 Old Ferry Lane, 30-45 years old, for 200 years", []),
        ("seen on [DATE 2024], 2023-05-01", []),
        ("seen on [DATE 2031]", ["future_date"]),
        ("due 2031-05-01 or 05/06/2032", ["future_date", "future_date"]),
        ("room 2031, code 2031-A", []),
    ],
)
def test_plausibility_of_text(document, policy, text, expected):
    """What no living person has is found; other units, ranges, times and codes are not judged."""
    assert rules(plausibility.check, document(text), policy) == expected


def test_dates_are_judged_only_against_an_injected_year(document):
    """Without a reference year no date is late: a stage has no clock."""
    assert rules(plausibility.check, document("[DATE 2090]"), load_policy("default")) == []


def test_plausibility_of_fields(document, policy):
    """Codes say what a field measures, units which limits hold."""

    def field(code, value, unit):
        return Field(name="Observation.value", value=value, unit=unit, code=f"http://loinc.org|{code}")

    good = (
        field("8867-4", 70, "/min"),
        field("718-7", "13.1", "g/dL"),
        field("8310-5", 99, "[degF]"),
        field("1-8", 9e9, ""),
    )
    assert rules(plausibility.check, document(fields=good), policy) == []
    bad = (field("8867-4", 700, "/min"), field("8310-5", 99, "Cel"), field("2708-6", "101", "%"))
    assert rules(plausibility.check, document(fields=bad), policy) == ["implausible_value"] * 3
    reversed_ = (field("8480-6", 70, "mm[Hg]"), field("8462-4", 120, "mm[Hg]"))
    assert rules(plausibility.check, document(fields=reversed_), policy) == ["pressure_reversed"]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (Field(name="a", value="2024-02-29T10:00:00+01:00", phi=PhiLabel.DATE), []),
        (Field(name="a", value="2024", phi=PhiLabel.DATE), []),
        (Field(name="a", value="[DATE 2024]", phi=PhiLabel.DATE), []),
        (Field(name="a", value="03/04/24", phi=PhiLabel.DATE), ["bad_date"]),
        (Field(name="a", value="2024-13-01", phi=PhiLabel.DATE), ["bad_date"]),
        (Field(name="a", value="x", code="http://loinc.org|718-7"), []),
        (Field(name="a", value="x", code="http://loinc.org|718-8"), ["bad_code"]),
        (Field(name="a", value="x", code="http://example.org|anything"), []),
        (Field(name="a", value=4.1, unit="mmol/L"), []),
        (Field(name="a", value="< 0.5", unit="mg/dL"), []),
        (Field(name="a", value="120-140", unit="mg/dL"), []),
        (Field(name="a", value="four", unit="mg/dL"), ["not_a_number"]),
        (Field(name="a", value=4, unit="mg per dL"), ["bad_unit"]),
        (Field(name="a", value=4, unit="{beats per min}"), []),
    ],
)
def test_conformance(document, policy, field, expected):
    """Shapes of dates, codes, units and numbers."""
    assert rules(conformance.check, document(GOOD, fields=(field,)), policy) == expected


def test_conformance_is_a_share(document, policy):
    """Three bad of four checked leave a quarter (the document's own time is the fourth)."""
    bad = Field(name="a", value="soon", phi=PhiLabel.DATE)
    assert conformance.check(document(GOOD, fields=(bad,) * 3), policy)[0] == 0.25


@pytest.mark.parametrize(
    "code", ["718-7", "8867-4", "2708-6", "18842-5", "34117-2", "11506-3", "LP14559-6", "LA6576-8"]
)
def test_loinc_check_digits(code):
    """Real codes are right, and each with its last digit changed is wrong (parts are not computed)."""
    assert is_loinc(code)
    if code[0].isdigit():
        assert not is_loinc(code[:-1] + str((int(code[-1]) + 1) % 10))


@pytest.mark.parametrize("code", ["22298006", "73211009", "38341003", "404684003", "900000000000207008", "195967001"])
def test_snomed_check_digits(code):
    """Real concepts are right; two neighbours swapped are wrong."""
    assert is_snomed(code)
    swapped = code[:-2] + code[-1] + code[-2]
    assert swapped == code or not is_snomed(swapped)


@pytest.mark.parametrize(
    ("code", "good"),
    [
        ("http://hl7.org/fhir/sid/icd-10-cm|E11.9", True),
        ("http://hl7.org/fhir/sid/icd-10-cm|U07.1", True),
        ("I10|I10", True),
        ("urn:oid:2.16.840.1.113883.6.90|11E", False),
        ("http://www.nlm.nih.gov/research/umls/rxnorm|197361", True),
        ("http://www.nlm.nih.gov/research/umls/rxnorm|lisinopril", False),
        ("SCT|12345678", False),
        ("LN|718-7", True),
        ("local|x", None),
        ("718-7", None),
        ("http://loinc.org|", None),
    ],
)
def test_code_shapes(code, good):
    """Known systems by URI, OID or HL7 v2 name; unknown ones are not judged."""
    assert well_formed(code) is good


def test_repeats_are_found_once(document, policy):
    """The second copy of a paragraph is evidence, its lines are not counted again; short lines may recur."""
    paragraph = "The patient tolerated the procedure well and went home.\nVital signs were stable throughout.\n"
    text = f"{paragraph}\nNormal.\nNormal.\n\n{paragraph}\nOther findings as dictated before.\n"
    score, evidence = uniqueness.check(document(text), policy)
    assert [item.rule for item in evidence] == ["repeated_paragraph"]
    assert text[evidence[0].start : evidence[0].end] == paragraph.strip()
    assert 0.5 < score < 0.7
    lines = "Medication list was reviewed today.\nOther.\nmedication  list was reviewed TODAY.\n"
    assert rules(uniqueness.check, document(lines), policy) == ["repeated_line"]
    assert rules(uniqueness.check, document("-" * 60 + "\na\n" + "-" * 60), policy) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD, []),
        ("Dose 5\ufffdg given", ["replacement_character"]),
        ("SeÃ±or, itâ€™s fine", ["mojibake"] * 2),
        ("São Paulo, Ñandú, Âge, 20 µg, “quoted”, 37 °C, naïve café", []),
        ("a\x07b", ["control_character"]),
        ("The pat1ent was adm!tted to h0spital", ["ocr_noise"] * 3),
        ("BP l42/88, HR 9O", ["ocr_noise"] * 2),
        ("T2DM, B12, q4h, x2days, H1N1, O2, I10, HbA1c, COVID19, Ca19-9, cT1cN0M0, p53, 5HT3", []),
        ("====\n----\n____\n. . . .\n||||||\n", []),
        ("~^#*%&@ reading", ["ocr_noise"]),
        (" ".join(["xqzrtw", "bcdfgh", "plmkntr"] * 10), ["gibberish"]),
        (" ".join(["p", "a", "t", "i", "e", "n", "t", "w", "e", "l", "l"] * 3), ["gibberish"]),
        ("ERYTHROCYTES: 4.08 tera.l-1 N\nPLATELETS: 220 giga.l-1 N\nHB: 13 g H\n" * 3, []),
        ("26.8|http://unitsofmeasure.org|mmol/L", []),
        ("word " * 600, ["one_line", "unfamiliar_language"]),
        ("Paciente refiere dolor desde ayer sin fiebre. " * 3, []),
    ],
)
def test_text_health(document, policy, text, expected):
    """Broken decoding and OCR are found; clinical shorthand and other languages are not."""
    assert sorted(rules(text_health.check, document(text), policy)) == sorted(expected)


def test_residual_risk(document, policy):
    """The estimate is taken off as it is; a text that is mostly placeholders pays for it."""
    assert residual_risk.check(document(GOOD), policy) == (1.0, ())
    assert residual_risk.check(document(GOOD, residual_risk=0.4), policy)[0] == 0.6
    heavy = document("[NAME] [DATE 2024] [LOC] [PHONE] seen [NAME]")
    assert rules(residual_risk.check, heavy, policy) == ["heavy_redaction"]


POLICY = load_policy("default", reference_year=2024)
SNIPPETS = st.sampled_from(
    [
        "BP ",
        "HR ",
        "80/120 ",
        "9999 ",
        "\ufffd",
        "Ã±",
        "[NAME]",
        "[DATE 2099]",
        "\n",
        "pat1ent ",
        "and ",
        "-5 year old ",
        "a" * 50,
    ]
)


@settings(max_examples=150, deadline=None)
@given(text=st.lists(SNIPPETS | st.text(max_size=8), max_size=40).map("".join), risk=st.floats(0, 1))
def test_scores_and_spans_are_always_in_range(text, risk):
    """Any text: scores in [0, 1], spans inside it, the same answer twice."""
    made = DeidentifiedDocument(
        document_id="d",
        record_id="r",
        subject="s",
        kind=Kind.NOTE,
        text=text,
        residual_risk=risk,
        policy_id="p",
        provenance=Provenance(format="text"),
    )
    policy = POLICY
    report = assess(made, policy)
    assert report == assess(made, policy)
    assert 0 <= report.score <= 1
    assert [name for name, _ in report.dimensions] == sorted(CHECKS)
    assert all(0 <= value <= 1 for _, value in report.dimensions)
    assert all(0 <= item.start <= item.end <= len(text) for item in report.evidence)
