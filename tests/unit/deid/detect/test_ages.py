"""Ages over 89 are masked and the numbers of a chart are left, in every phrase and form of table."""

import re

import pytest

from llmops.deid import DeidConfig, Deidentifier
from llmops.deid.detect.combine import combine
from llmops.deid.detect.recognizers.dates import age
from llmops.deid.spans import ScoredWord, View
from llmops.phi import PhiLabel

AGES = """\
He is a {n}-year-old man with CHF.
{n} y/o F with cough.
{n}yo male.
{n} yo M here for follow up.
Patient is {n} years old.
Age: {n}
Age {n}, widowed.
AGE/SEX: {n}/F
Patient age: {n} y
She is {n}.
She is {n} and lives alone.
He just turned {n}.
She will be {n} in the spring.
At {n} he fell and broke his hip.
At {n}, she still drives.
Her mother is {n}.
Father died at {n}.
Father died at {n} of a stroke.
Mother lived to {n}.
Her aunt reached {n}.
Mother, {n}, has dementia.
Mrs. Kerrigan, {n}, was seen with her son.
Kerrigan, {n}F, admitted with pneumonia.
{n}F with CHF.
{n} M with syncope.
{n}M s/p fall.
The patient is {n}.
This {n} year old woman fell.
A {n} year-old veteran.
He was {n} when he moved to assisted living.
She is now {n}.
He is nearly {n}.
She is almost {n} and frail.
Patient's age is {n}.
Her age is {n}.
{n}-year-old widow.
{n} years of age.
He died at the age of {n}.
She was aged {n}.
This {n} yr old gentleman.
The patient, {n}, was found down.
Mr. Dunmore ({n}) was seen.
{n}/F
{n} / M in bed 4
Walter is {n}.
Mrs. Hale is {n} and frail.
Sister ({n}) and brother both living.
His wife is {n}.
Grandmother passed at {n}.
She's {n}.
He's {n} and sharp.
I'm {n}.
I am {n} years young.
Pt is {n}, widowed.
Although she is {n}, she walks daily.
Despite being {n}, he drives.
Her brother is {n} and has COPD.
Brother: {n}, alive and well.
Mother: deceased at {n}.
Mother died age {n}.
Father d. {n} MI.
{n} y.o. female
{n} y.o.
Pt {n}yoF c/o cough
pt is a {n} yo f
HPI: {n} yo woman
Mom is {n}.
My mom is {n} now and needs help.
a {n} yr old lady
{n} yrs old
Patient is a pleasant {n}-year-old.
The patient is a very pleasant {n}-year-old female.
old man of {n}
He lived to be {n}.
celebrated her {n}th birthday
She retired late and is now {n}.
her {n}-year-old husband
{n}-y-o man
Resident is {n}, DNR.
Pt aged {n} yrs
Age={n}
age:{n}
AGE: {n} YEARS
Aged {n} at death.
She was {n} at the time.
who is {n}
Age | {n}
Age | {n} | years
Age (years) | {n}
| Age | {n} |
Patient Age | {n} | a
Age at death | {n}
ranges aside, she is {n} today
lady of {n} with weak lungs
colon 63, alive at {n}
Sodium 124. There is no pump for a lady of {n}
dob/age: 3/3/30, {n} years
i am {n} and my knees hurt
Seen with her son. {n}M with CHF exacerbation.
No fever. {n} F from home.
HPI: {n}M with syncope.
HPI: {n} F with syncope.
ID: {n}F, lives alone.
""".splitlines()
QUANTITIES = """\
Her pulse was {n}.
Glucose was {n}
Glucose was {n}.
Disp: {n}
The AHI was {n}.
O2 sat at {n}
O2 sat at {n} on 2 L.
LDL is {n}
LDL is {n}.
creatinine was {n} umol/L
BP Diastolic | {n} | mm[Hg]
Pulse | {n} | /min
Heart rate | {n} | bpm
Glucose | {n} | mg/dL
LDL Cholesterol | {n} | mg/dL | 0-100
SpO2 | {n} | %
Oxygen saturation | {n}
Diastolic BP: {n}
HR {n}
HR: {n}, regular.
Pulse {n}.
Pulse is {n} and regular.
pulse of {n}
BP was 140/{n}.
BP {n}/60.
blood pressure was {n} over 60
blood pressure {n} systolic
Systolic was {n}.
His systolic is now {n}.
Temperature is {n}.
Temp was {n} this morning.
He had a fever of {n} last night.
febrile to {n}
Weight is {n}.
Weight is {n} kg.
She weighs {n} pounds.
Weight was {n} at home.
Satting {n} on RA.
He was satting at {n}.
She is saturating at {n}.
Saturation was {n} on room air.
Sats {n} on 3L NC.
sats in the mid {n}s
Fasting sugar was {n}.
Blood sugar this morning was {n}.
Sugars run at {n}.
His sugar right after supper was {n}.
AST is {n}.
ALT was {n} and AST was 40.
Alk phos was {n}.
Ferritin was {n}.
Platelets were {n}.
Platelet count is {n}.
Sodium was 140, chloride was {n}.
Chloride is {n}.
MCV is {n}.
MCV was {n}, MCH 30.
GFR is {n}.
eGFR was {n}.
PSA was {n}.
CEA is {n}.
BNP was {n}.
Triglycerides were {n}.
His triglycerides are at {n}.
HDL is {n}.
Total cholesterol was {n}.
TSH fine; B12 was {n}.
Vitamin D is {n}.
CK was {n}.
LDH is {n}.
Lipase was {n}.
Amylase is {n}.
Troponin was {n}.
ESR was {n}.
CRP is {n}.
Uric acid level was {n}.
The level was {n}.
Trough was {n}.
Knee flexion to {n}.
Flexion is {n} degrees.
Abduction was {n}.
knee bent to {n} degrees
The ventricular rate was {n}.
Atrial rate is {n}.
Heart rate in the {n}s.
Ventricular pacing at {n}.
QTc was {n}.
PR interval is {n}.
FEV1 was {n}.
FEV1 is {n}% predicted.
PO2 was {n}.
pO2 of {n}
PaO2 is {n} on 40%.
Fetal heart rate was {n}.
Apgar fine, glucose {n}.
Peak flow is {n}.
IQ was {n}.
KPS is {n}.
Karnofsky score is {n}.
He is on metoprolol {n} mg.
Started at {n} mg daily.
Insulin at {n} units.
Output was {n} over the shift.
Urine output was {n} cc.
drained {n} mL
EBL was {n}.
EF is {n}%.
Mean pressure was {n}.
MAP was {n}.
MAP at {n}.
Her glucose is {n} before lunch.
Patient's pulse is {n}.
The patient's glucose was {n}.
His LDL currently is {n}.
Her heart rate is {n} today.
His microalbumin is {n} today.
Height | {n} | cm
Weight | {n} | kg
Systolic blood pressure | {n} | mm[Hg] | H
MCV | {n} | fL
Chloride | {n} | mmol/L
Creatinine | {n} | umol/L
Diastolic {n}
Vitals: T 98.6, P {n}, R 18
P {n}, R 20, BP 120/80
HR={n}
spo2 {n}
SPO2={n}%
fsbg {n}
accucheck {n}
pulse ox {n} on RA
O2 saturation is {n}.
Oxygen sats were {n} on arrival.
pulse was {n} and oxygen level {n}
her blood pressure came down and her pulse was {n}
Oximetry was {n}.
Maximum heart rate was {n}.
Target heart rate is {n}.
Blood glucose at bedtime was {n}.
Waist is {n} cm.
Waist circumference is {n}.
The gap was 12 and the glucose was {n}.
Tidal volume fine, rate was {n}.
his resting pulse is {n}
the rate was {n}
a rate of {n}
paced at {n}
tachycardic at {n}
He was tachycardic at {n}.
She was bradycardic then {n} bpm.
{n} bpm
{n} mmHg
{n} mg/dL
sodium {n}, chloride {n}
dose was {n}
score was {n}
score of {n}
temp was {n} orally
{n} of 107 women
for {n} of 115 women referred
aged 8-{n} years
ranging in age from 15 to {n} years
(range 31-{n} years)
median 82 years (range 75-{n} years)
135 patients ({n} female, 18 male)
two hundred newborns, {n} of whom
a {n}-gram uterus
rotate to {n}degrees
tunnel at {n}° of flexion
survival was {n} ± 3 %
imaged with Technetium {n}m MDP
T {n} F
Temperature: {n} F
Platelets up to {n}\n000
fasting reading was {n}, lunch 88
Creatinine | {n} | µmol/L
He walked {n} with a cane.
She only climbs {n} now.
Pacemaker is set at {n}.
NS at {n}.
She was in the {n} range for heart rate.
98.4, 106, 18, 124/76, {n}
""".splitlines()


def _found(text: str, number: int) -> list[str]:
    surface = str(number)
    return [text[s.start : s.end] for s in age.find(View.of(text)) if surface in text[s.start : s.end]]


@pytest.mark.parametrize("frame", AGES)
def test_an_age_over_89_is_found_by_the_rules_alone(frame: str):
    """Whatever the network thinks: they are few, and each is an identifier (164.514(b)(2)(i)(C))."""
    assert all(_found(frame.format(n=number), number) for number in (90, 94, 99, 102))


@pytest.mark.parametrize("text", ["Temp. 97 F", "Oral: 97 F", "Moved to Rm. 97F", "Tc-99m", "T: 99 F (37.2 C)"])
def test_a_degree_and_a_room_are_no_sex_behind_an_age(text: str):
    """``97 F`` is an age where it begins what is said of a patient, else a temperature."""
    assert list(age.find(View.of(text))) == []


@pytest.mark.parametrize("frame", QUANTITIES)
def test_a_quantity_is_no_age_to_the_rules_nor_where_the_network_takes_it_for_one(frame: str):
    """A vital sign, a result, a setting or a count: it is what people come for."""
    for number in (90, 98, 105, 112):
        text = frame.format(n=number)
        assert _found(text, number) == []
        judged = [
            ScoredWord(start=found.start(), end=found.end(), label=PhiLabel.AGE90, score=0.9)
            for found in re.finditer(rf"(?<!\d){number}(?!\d)", text)
        ]
        assert combine(View.of(text), [], judged, 0.4) == []


def test_a_reading_is_no_number_of_anybody_to_the_network():
    """``pulse of 112`` is no identifier, ``bed 112`` may be one."""
    for text, stands in (("pulse of 112 then", False), ("bed 112 then", True)):
        start = text.index("112")
        judged = [ScoredWord(start=start, end=start + 3, label=PhiLabel.OTHERID, score=0.9)]
        assert bool(combine(View.of(text), [], judged, 0.4)) is stands


def test_ages_are_masked_and_readings_left_in_one_note():
    """By rules, network and judge together."""
    note = (
        "Age: 94. Her pulse was 98. Glucose was 95, O2 sat at 93, LDL is 98.\n"
        "Mother, 97, is frail; father died at 91.\n"
        "| BP Diastolic | 96 | mm[Hg] |\n| Age | 92 | years |\n"
    )
    found = [note[f.start : f.end] for f in Deidentifier(config=DeidConfig()).detect(note)]
    assert found == ["94", "97", "91", "92"]
