"""Synonyms in clinical questions and notes: data for lexical search and evidence."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_SAME: Final = """
ejection fraction: ef, lvef, ejection fraction
blood pressure: bp, blood pressure
heart rate: hr, pulse, heart rate, bpm
respiratory rate: rr, resp, respiratory rate, respirations
oxygen saturation: spo2, o2 sat, saturation, sats, sao2, oxygen saturation
temperature: temp, temperature, t, febrile, afebrile
hba1c: hba1c, a1c, hgba1c, hemoglobin a1c, glycated hemoglobin
hemoglobin: hemoglobin, hgb, hb, haemoglobin
white blood cell: wbc, white blood cell, white count, leukocytes
creatinine: creatinine, cr, scr
potassium: potassium, k
sodium: sodium, na
platelet: platelet, platelets, plt
weight: weight, wt, weighs
height: height, ht
body mass index: bmi, body mass index
heart attack: myocardial infarction, mi, stemi, nstemi, heart attack
stroke: stroke, cva, infarct, tia
high blood pressure: hypertension, htn, high blood pressure
diabetes: diabetes, dm, t2dm, t1dm, diabetic
seizure: seizure, seizures, epilepsy, convulsion
kidney: kidney, renal, nephropathy, ckd, esrd
lung: lung, pulmonary, lobe
liver: liver, hepatic
smoking: smoking, smoker, smokes, tobacco, pack-year, pack-years, cigarettes
alcohol: alcohol, etoh, drinks
vaccine: vaccine, vaccination, vaccinated, immunization, immunizations
variant: variant, mutation, pathogenic, heterozygous, homozygous, de novo, germline
fracture: fracture, fractured, fx, broken
ct: ct, computed tomography
mri: mri, mr, magnetic resonance
x-ray: x-ray, xray, cxr, radiograph
ultrasound: ultrasound, us, sonogram
show: show, reveal, demonstrate, impression, conclusion, interpretation
lowest: lowest, nadir, minimum
highest: highest, peak, peaked, maximum
treatment: treatment, therapy, regimen, treated
follow-up: follow-up, follow up, return, recheck
"""

_KINDS: Final = """
allergy: allergy, allergies, allergic, nkda, nka, adverse reaction, anaphylaxis, hives
diagnosis: diagnosis, impression, assessment, dx, diagnosed
medication: medication, medications, meds, rx, tablet, mg
anticoagulant: anticoagulant, anticoagulation, blood thinner, apixaban, eliquis, warfarin, coumadin, rivaroxaban,
  xarelto, dabigatran, pradaxa, edoxaban, enoxaparin, lovenox, heparin
antiplatelet: antiplatelet, aspirin, clopidogrel, plavix, ticagrelor, brilinta, prasugrel
antibiotic: antibiotic, amoxicillin, ampicillin, azithromycin, cefazolin, ceftriaxone, cefepime, cephalexin,
  ciprofloxacin, clindamycin, doxycycline, levofloxacin, metronidazole, nitrofurantoin, penicillin, piperacillin,
  tazobactam, trimethoprim, sulfamethoxazole, vancomycin
antiseizure: antiseizure, antiepileptic, anticonvulsant, levetiracetam, keppra, lamotrigine, lamictal, valproate,
  carbamazepine, oxcarbazepine, phenytoin, topiramate, lacosamide
antidepressant: antidepressant, ssri, snri, sertraline, fluoxetine, escitalopram, citalopram, paroxetine, venlafaxine,
  duloxetine, bupropion, mirtazapine, trazodone
statin: statin, atorvastatin, lipitor, rosuvastatin, crestor, simvastatin, pravastatin
beta blocker: beta blocker, beta-blocker, metoprolol, carvedilol, bisoprolol, atenolol, propranolol, labetalol
ace inhibitor: ace inhibitor, lisinopril, enalapril, ramipril, benazepril, captopril
diuretic: diuretic, furosemide, lasix, torsemide, bumetanide, hydrochlorothiazide, spironolactone, chlorthalidone,
  metolazone
insulin: insulin, glargine, lantus, lispro, humalog, aspart, novolog, detemir, degludec
steroid: steroid, corticosteroid, prednisone, prednisolone, dexamethasone, methylprednisolone, hydrocortisone,
  fluticasone, budesonide
opioid: opioid, opiate, morphine, oxycodone, hydrocodone, hydromorphone, fentanyl, tramadol, methadone, buprenorphine
pain reliever: analgesic, acetaminophen, tylenol, ibuprofen, naproxen, ketorolac
inhaler: inhaler, albuterol, salbutamol, fluticasone, budesonide, tiotropium, formoterol, salmeterol
chemotherapy: chemotherapy, chemo, cisplatin, carboplatin, oxaliplatin, paclitaxel, docetaxel, capecitabine,
  fluorouracil, folfox, folfiri, doxorubicin, cyclophosphamide, trastuzumab
heart failure: heart failure, hf, hfref, hfpef, chf, cardiomyopathy
surgery: surgery, operation, operative, procedure, resection, colectomy, arthroplasty, appendectomy, cholecystectomy
tumor: tumor, tumour, mass, neoplasm, carcinoma, cancer, malignancy
"""


def _groups(table: str) -> Mapping[str, tuple[str, ...]]:
    found = {}
    for line in table.replace("\n  ", " ").strip().splitlines():
        name, _, members = line.partition(":")
        found[name.strip()] = tuple(member.strip() for member in members.split(","))
    return MappingProxyType(found)


SYNONYMS: Final = _groups(_SAME)
"""Synonyms: any word of a group answers a question for another."""

KINDS: Final = _groups(_KINDS)
"""Kinds and their members: a member answers a question for the kind, but not for another member."""

_GENERIC: Final = """
big case currently current date describe described document documented dosage dose drug
drugs during fast find finding found get
give given has have high history kind large latest last level levels list long low many mention mentioned most much name
named note noted old patient patients prescribed receive received recent record recorded records report reported result
results said say says start started state stated take taken takes taking test tests there time type types use used using
value values visit
"""
GENERIC: Final = frozenset(_GENERIC.split())
"""Question words without content."""
