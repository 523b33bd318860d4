"""Span tables of the recognizers: what they find, and look-alikes they leave."""

import base64

import pytest

from llmops.deid import DeidConfig, Deidentifier
from llmops.deid.detect.complete import complete
from llmops.deid.detect.propagate import propagate
from llmops.deid.detect.recognizers import FINDERS
from llmops.deid.placeholders import outside_placeholders
from llmops.deid.spans import Span, View, resolve
from llmops.phi import PhiLabel

BY_NAME = dict(FINDERS)
NPI, DEA = "1234567893", "AB1234563"
BASE64 = base64.encodebytes(b"Patient Odalys Wrenfield, MRN 4471920, lives on Quarry Hollow in Dayton.").decode()

MATCHES = [
    ("name", "[doctor] edwin acosta is a 37 -year-old plumber", "edwin acosta"),
    ("name", "lives with grandmother ruth since", "ruth"),
    ("name", "Her dad is ignacio and", "ignacio"),
    ("name", "you found us . so , harriet , how", "harriet"),
    ("date", "taper: 40 mg 3/1-3/5, then off", "3/1-3/5"),
    ("date", "away 3/28 – 4/2 with", "3/28 – 4/2"),
    ("url", "see loinc.org.example/roe and", "loinc.org.example/roe"),
    ("url", "GET http://test.hl7.org/fhir/Patient?name=roe then", "http://test.hl7.org/fhir/Patient?name=roe"),
    ("url", "at http://test.hl7.org/fhir/Patient/4471920 now", "http://test.hl7.org/fhir/Patient/4471920"),
    ("ip", "from 10.0.0.255 at", "10.0.0.255"),
    ("otherid", "id 2.16.840.1.113883.4.1.123456789 of", "2.16.840.1.113883.4.1.123456789"),
    ("date", "on Mar 3 unit clerk called", "Mar 3"),
    ("otherid", "root 2.16.840.1.113883.3.9917.20 ext", "2.16.840.1.113883.3.9917.20"),
    ("date", "seen Aug 1. Well", "Aug 1"),
    ("name", "No complaints.\nTerrie907 is a 44 year-old woman", "Terrie907"),
    ("name", "HPI: Ottoline Vanterpool was a six-year-old", "Ottoline Vanterpool"),
    ("name", "seen with Maria750 today", "Maria750"),
    ("name", "Seen by Dr. Krishnaswamy today", "Krishnaswamy"),
    ("name", "PATIENT: TRAN, HUE THI   MRN: 1", "TRAN, HUE THI"),
    ("name", "Marguerite A. Long, MD", "Marguerite A. Long"),
    ("name", "cc: Osei Boateng DO", "Osei Boateng"),
    ("name", "D: 03/05/24 14:10   T: 03/06/24 07:52   pd/jkl", "pd/jkl"),
    ("name", "his wife Ngozi called", "Ngozi"),
    ("name", "PID|1||5^^^A^MR||KOSKINEN^AINO^L", "KOSKINEN^AINO^L"),
    ("location", "lives at 118 Old Ferry Rd Apt 6", "118 Old Ferry Rd Apt 6"),
    ("location", "mail to PO Box 118", "PO Box 118"),
    ("location", "seen in Wellfleet, MA 02699", "Wellfleet"),
    ("location", "found at 44°28'33\"N 73°12'43\"W by", "44°28'33\"N 73°12'43\"W"),
    ("location", "44° 28′ 33.4″ N, 73° 12′ 43″ W", "44° 28′ 33.4″ N, 73° 12′ 43″ W"),
    ("location", "44.4759° N 73.2121° W", "44.4759° N 73.2121° W"),
    ("location", "N44°28.55' W73°12.7'", "N44°28.55' W73°12.7'"),
    ("location", "GPS 44.4759, -73.2121", "44.4759, -73.2121"),
    ("location", "lat 44.4759, long -73.2121", "44.4759, long -73.2121"),
    ("location", "what3words ///filled.count.soap", "filled.count.soap"),
    ("location", "w3w filled.count.soap", "filled.count.soap"),
    ("location", "scene ///filled.count.soap", "filled.count.soap"),
    ("name", "Q_u_i_m_b_e_r_l_y called", "Q_u_i_m_b_e_r_l_y"),
    ("zip", "Hermantown MN 55811", "55811"),
    ("organization", "via Kiamichi Home Health daily", "Kiamichi Home Health"),
    ("organization", "ST. BRENDAN'S HOSPITAL", "ST. BRENDAN'S HOSPITAL"),
    ("date", "on 03/14/24 at", "03/14/24"),
    ("date", "ISO 2024-03-14", "2024-03-14"),
    ("date", "stamp 20240314123000", "20240314123000"),
    ("date", "heart failure (2019-03)", "2019-03"),
    ("date", "US 5-Jun c/w", "5-Jun"),
    ("date", "done March 2nd via", "March 2nd"),
    ("date", "until the 14th.", "the 14th"),
    ("date", "from Jan 2024 on", "Jan 2024"),
    ("date", "Echo on 2/28 showed", "2/28"),
    ("date", "D/C 6/5 home", "6/5"),
    ("date", "on Thanksgiving she", "Thanksgiving"),
    ("age", "a 94-year-old woman", "94"),
    ("age", "she is ninety-two and", "ninety-two"),
    ("phone", "call (218) 555-0142", "(218) 555-0142"),
    ("phone", "pgr 4471", "4471"),
    ("phone", "cell 218.555.0116.", "218.555.0116"),
    ("phone", "2O8-555-0l79", "2O8-555-0l79"),
    ("phone", "desk 559-555-0148 ext. 3 or", "3"),
    ("phone", "406-555-0148, x 22 at", "22"),
    ("phone", "call 651-555-0102x31 now", "x31"),
    ("phone", "call 651-555-0102x31 now", "651-555-0102"),
    ("phone", "tel (651) 555-0102ext4 now", "(651) 555-0102"),
    ("phone", "01632 960 118 x 3320", "3320"),
    ("phone", "(218)5550116 x 3320", "3320"),
    ("account", "ClaimID: 88123 and INV4471902", "88123"),
    ("age", "Handover 94F with CHF", "94"),
    ("age", "ps i turn 90 on the 11th", "90"),
    ("date", "seen.12 March 2024", "12 March 2024"),
    ("date", "Admitted Mar 5.2024", "Mar 5"),
    ("licence", "license 12/345", "12/345"),
    ("device", "lot 25w12", "25w12"),
    ("account", "ACCT4471902 paid", "4471902"),
    ("phone", "called 0415 401-555-0153 again", "401-555-0153"),
    ("phone", "ring +44 20 7946 0018", "+44 20 7946 0018"),
    ("fax", "fax 218-555-0199", "218-555-0199"),
    ("email", "to amy.roe@mail.example", "amy.roe@mail.example"),
    ("url", "see https://a.example/p/1", "https://a.example/p/1"),
    ("ip", "from 10.44.7.213 by", "10.44.7.213"),
    ("ssn", "SSN 900-55-1234", "900-55-1234"),
    ("ssn", "last 4 SSN 6617", "6617"),
    ("mrn", "MRN: 00-41-77-26", "00-41-77-26"),
    ("health_plan", "MBI 3GH7-RK2-PW64", "3GH7-RK2-PW64"),
    ("account", "acct V0099120348", "V0099120348"),
    ("licence", f"id {NPI}", NPI),
    ("licence", f"code {DEA}", DEA),
    ("vehicle", "VIN 1FTFW1EF0BFA90017", "1FTFW1EF0BFA90017"),
    ("vehicle", "plate BXK 4471", "BXK 4471"),
    ("device", "s/n STAR-4K-7719", "STAR-4K-7719"),
    ("biometric", "voice id vp_9917742", "vp_9917742"),
    ("opaque", f"attached:\n{BASE64}End of note", BASE64.strip()),
    ("opaque", f"blob {b'Patient Odalys Wrenfield'.hex()} here", b"Patient Odalys Wrenfield".hex()),
    ("opaque", "odalyswrenfieldofdayton" * 5, "odalyswrenfieldofdayton" * 5),
    ("name", '"2024-03-05","HJELMQVIST","5.6"', "HJELMQVIST"),
    ("name", "resection margins clear.\n-- Obiakor\n", "Obiakor"),
    ("name", "Widow of Eero since 2003", "Eero"),
    ("name", "pectoral blocks (Fennimore-Oduya)", "Fennimore-Oduya"),
    (
        "organization",
        "NORTHMERE LAKES CLINICAL NEUROPHYSIOLOGY\nEEG REPORT",
        "NORTHMERE LAKES CLINICAL NEUROPHYSIOLOGY",
    ),
    ("organization", "BIRCHHOLLOW / NLHS ENDOCRINOLOGY\n", "BIRCHHOLLOW / NLHS ENDOCRINOLOGY"),
    ("location", "rollover on US-93 at noon", "US-93"),
    ("location", "LOC: SR 16 MM 41", "SR 16 MM 41"),
    ("age", "hundred-and-two-year-old, hospice", "hundred-and-two"),
    ("age", "brother Sigurd, age 92, who", "92"),
    ("age", "per wife (she is 90)", "90"),
    ("age", "<PatientAge>92</PatientAge>", "92"),
    ("age", "93 / F in bed 4", "93"),
    ("phone", "my number is five five five, oh one three nine", "five five five, oh one three nine"),
    ("phone", "1-802-555-0101", "1-802-555-0101"),
    ("ssn", "SSN ending 4471", "4471"),
    ("ssn", "xxx-xx-1234", "1234"),
    ("ssn", "SSN 900 55 1234", "900 55 1234"),
    ("vehicle", "truck (GKT 417) left on shoulder", "GKT 417"),
    ("vehicle", "white Equinox JRT 5510", "JRT 5510"),
    ("vehicle", "still drives her Buick, tag WLS 418", "WLS 418"),
    ("device", "serial numbers 8841-20675", "8841-20675"),
    ("otherid", "present pump MMX-7Q55810 since", "MMX-7Q55810"),
    ("otherid", "VNS (106-447215) magnet", "106-447215"),
    ("otherid", "Job #884120", "884120"),
    ("otherid", "CSN: 3009918846", "3009918846"),
    ("date", "seen l/29/24 by", "l/29/24"),
    ("date", "Rec'd lO/O3 am", "lO/O3"),
    ("date", "born 17 III 1946 in", "17 III 1946"),
    ("date", "admitted May first", "May first"),
    ("date", "seen on the twenty first, then", "the twenty first"),
    ("date", "birthday is may nineteenth nineteen thirty two so", "may nineteenth nineteen thirty two"),
    ("date", "flu shot fall 2023", "fall 2023"),
    ("date", "around Labor Day '14 he", "Labor Day '14"),
    ("date", "D: 040524 1630", "040524"),
    ("date", "DT: 08 21 2020  2240", "08 21 2020"),
    ("date", "Consulted 12 de julho de 2023 for", "12 de julho de 2023"),
    ("date", "10/11/22pt in chair", "10/11/22"),
    ("age", "GRACE   94   F   DOB", "94"),
    ("age", "a young 94, lives", "94"),
    ("phone", "tel 616-555-0175 x3", "x3"),
    ("phone", "at 402.339.7150, ext. 18.", "18"),
    ("phone", "PAGED 0553. NO", "0553"),
    ("phone", "d/w Dr. Agyeman 3-0117.", "3-0117"),
    ("phone", "stopped per Sheila x22", "x22"),
    ("phone", "helpdesk x2-4400", "x2-4400"),
    ("phone", "cell971-555-0118.Zosyn", "971-555-0118"),
    ("phone", "pgr70412 at", "70412"),
    ("phone", "Tel EVergreen 5-0128", "EVergreen 5-0128"),
    ("phone", "aunt 00353 20 912 0044", "00353 20 912 0044"),
    ("phone", "apt 11 334*555*0117", "334*555*0117"),
    ("ssn", "SSN (LAST 4)\n6621", "6621"),
    ("ssn", "SSN on face sheet ends 8830", "8830"),
    ("ssn", "ssn=***-**-2206 ins", "2206"),
    ("mrn", "MR# 0 0 7 1 2 9 4 4", "0 0 7 1 2 9 4 4"),
    ("mrn", "PT ID          bhfm-00731", "bhfm-00731"),
    ("mrn", "Hospital no............SH 40 22 917", "SH 40 22 917"),
    ("mrn", "Chart     | BHE 19084", "BHE 19084"),
    ("health_plan", "Medicare 1EG4 TE5 MK00 ok", "1EG4 TE5 MK00"),
    ("device", "REF 1  LOT MLR3RE", "MLR3RE"),
    ("device", "workstation PCUC-WS-022", "PCUC-WS-022"),
    ("otherid", "units W1206 23 118204 and", "W1206 23 118204"),
    ("otherid", "see 24:MB0016675R", "24:MB0016675R"),
    ("otherid", "run sheet 25-000118. STEMI", "25-000118"),
    ("otherid", "LB:lib-66120 PL", "lib-66120"),
    ("otherid", "BAM gs://a-prod/P24/9905_ROE.bam", "gs://a-prod/P24/9905_ROE.bam"),
    ("otherid", "Tobi M / M 00 718 22 4", "M 00 718 22 4"),
    ("otherid", "run 1 5 5 0 9 2 7.", "1 5 5 0 9 2 7"),
    ("otherid", "ORC|RE|778120|RAD", "778120"),
    ("name", "called mom Pa Xiong at", "Pa Xiong"),
    ("name", "seen by Παπαδόπουλος today", "Παπαδόπουλος"),
    ("otherid", r"saved C:\scans\roe_amy.pdf", r"C:\scans\roe_amy.pdf"),
    ("age", "born in 1936", "1936"),
    ("age", "DOB 1931.", "1931"),
    ("date", "DOB-03/14/1950", "03/14/1950"),
    ("date", "DOB.03/14/1950", "03/14/1950"),
    ("date", "DOB-03-14-1950", "03-14-1950"),
    ("date", "3/1/24-3/14/24", "3/1/24"),
    ("date", "3/1/24-3/14/24", "3/14/24"),
    ("date", "3/1/24-3/14 then", "3/1/24"),
    ("date", "3/1-3/14/24 then", "3/14/24"),
    ("date", "03/14/2024-03/29/2024", "03/14/2024"),
    ("date", "03/14/2024-03/29/2024", "03/29/2024"),
    ("date", "2024-03-14-2024-03-20", "2024-03-14"),
    ("date", "2024-03-14-2024-03-20", "2024-03-20"),
    ("phone", "617-555-0143/617-555-0199", "617-555-0143"),
    ("phone", "617-555-0143/617-555-0199", "617-555-0199"),
    ("phone", "Cell-617-555-0143", "617-555-0143"),
    ("phone", "617.555.0143/cell", "617.555.0143"),
    ("ssn", "SSN-078-05-1120", "078-05-1120"),
    ("ssn", "SSN 078.05.1120", "078.05.1120"),
    ("ssn", "078-05-1120 / 617-555-0143", "078-05-1120"),
    ("ssn", "078-05-1120/078-05-1121", "078-05-1121"),
    ("email", "amy.roe @ mail.example", "amy.roe @ mail.example"),
    ("location", "Kansas City, MO", "Kansas City"),
    ("location", "Orange, CA 92868", "Orange"),
    ("location", "lives in Reading, PA", "Reading"),
    ("location", "moved from Normal, IL.", "Normal"),
    ("vehicle", "vin 1hgcm82633a004352", "1hgcm82633a004352"),
    ("vehicle", "her 1hgcm82633a004352", "1hgcm82633a004352"),
    ("vehicle", "her Jh4ka7561Pc008269 was totalled", "Jh4ka7561Pc008269"),
    ("health_plan", "card 1eg4te5mk73", "1eg4te5mk73"),
    ("licence", f"code {DEA.lower()}", DEA.lower()),
    ("licence", f"npi{NPI} ok", NPI),
    ("url", "see host.army.mil", "host.army.mil"),
    ("ssn", "SSN:\t123\t45\t7106", "123\t45\t7106"),
    ("ssn", "SSN | 123 | 45 | 7304 |", "123 | 45 | 7304"),
    ("ssn", "SSN 123,45,6789", "123,45,6789"),
    ("ssn", "SSN 123-4\n5-7202. Continue", "123-4\n5-7202"),
    ("ssn", "his 123-45-\n7202 is", "123-45-\n7202"),
    ("phone", "Phone:\t802\t555\t7107", "802\t555\t7107"),
    ("phone", "Call 802\n555\n7301. Stable", "802\n555\n7301"),
    ("phone", "Mobile | 802 | 555 | 7303 |", "802 | 555 | 7303"),
    ("phone", "reached at 802-555-\n7201 or", "802-555-\n7201"),
    ("phone", "wife (802)\n555-7201", "(802)\n555-7201"),
    ("phone", "call 555-\n7201 now", "555-\n7201"),
    ("date", "DOB\t5\t5\t1961", "5\t5\t1961"),
    ("date", "DOB | 5 | 5 | 61 |", "5 | 5 | 61"),
    ("date", "Date,2024,3,14", "2024,3,14"),
    ("date", "dob 2 3 44 the answer", "2 3 44"),
    ("date", "seen 3/14/\n2024 by", "3/14/\n2024"),
    ("age", "The 94th birthday", "94th"),
    ("age", "for her ninety-fifth birthday", "ninety-fifth"),
    ("age", "Born in '29.", "'29"),
    ("age", "A nonagenarian, frail", "nonagenarian"),
    ("age", "Patient, late nineties, frail", "late nineties"),
    ("age", "stroke in her 90s", "90s"),
    ("age", "1,128 months old", "1,128"),
]
LOOK_ALIKES = [
    ("name", "her mother will call, sister may visit, wife is well and dad drives"),
    ("name", "so , yes , well, will, the patient is a 45 year old, hope is a 3 day thing"),
    ("zip", "OBX|9|TX|22637-3||level 2"),
    ("url", '"system": "http://loinc.org", see https://www.hl7.org/fhir/R4, terminology.hl7.org/CodeSystem'),
    ("ip", "127.0.0.1, 0.0.0.0 and 255.255.255.0"),
    ("device", "OBX|10|SN|14957-5^uAlb^LN"),
    ("otherid", "root 2.16.840.1.113883.6.1, template 2.16.840.1.113883.10.20.22.1.2"),
    ("name", "Patient is a 44 year-old female. Twin is a 3 month old. Paxlovid is a 5 day course."),
    ("name", "Foley was a 3 day catheter; Rad51, Jak2 and Dexa12 in Ward14"),
    ("location", "flexed to 45° 30 N, ROM 0-120° W"),
    ("location", "P 0.0001, 0.0023 and position 12.5, 3.25"),
    ("location", "see file:///etc.conf.d"),
    ("name", "type A_B_C and x_y"),
    ("opaque", "ACGTTGCAAGGCTTACCAGTTGACCATTGGCA" * 6),
    ("opaque", "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQ"),
    ("opaque", "http://hl7.example/fhir/StructureDefinition/us-core-observation-lab-2"),
    ("opaque", "ObservationValueQuantityReferenceRangeLowHighNormal2"),
    ("opaque", "CD3/CD4/CD8/Lymphocytes/Monocytes/Eosinophils/Neutrophils"),
    ("opaque", "1.2.840.10008.5.1.4.1.1.2.12345.2345234.52345.2345"),
    ("opaque", "_" * 60 + "+-----+------+" * 6),
    ("name", "Foley removed, Babinski downgoing"),
    ("name", "Xylocaine 1% used"),
    ("location", "HR 98 RR 18 T 37"),
    ("zip", "WBC 12000 today"),
    ("organization", "home health will visit the clinic"),
    ("date", "GLS -17.2%, e' sept 5.1"),
    ("date", "sacubitril/valsartan 24/26 BID"),
    ("date", "Rigidity 2/4 R arm"),
    ("date", "BP 178/94"),
    ("date", "strength 5/5 throughout"),
    ("date", "Hip 4/5  Knee 3/5  Ankle 5/5"),
    ("date", "pain 3/10"),
    ("date", "a 34-year-old for two weeks daily"),
    ("date", "T1DM since 1989"),
    ("date", "the 5th rib and 90th percentile"),
    ("age", "a 75 year old woman"),
    ("age", "SpO2 95% HR 98"),
    ("phone", "plate 11 x 180 mm"),
    ("account", "WOUND CX FINAL 12/11, SURGERY FINAL 6/27"),
    ("health_plan", "asthma plan. ACT 19/25"),
    ("device", "cont PT 2w4, SN 3w5 1w4, device 15:22"),
    ("zip", "OBX|4|TX|13457-7^LDL CALC^LN"),
    ("age", "no hotter than 102 F, or > 104 F"),
    ("phone", "plt d+24 (7/4), chimerism d+30 100%"),
    ("phone", "IOL ZCB00 +20.5 (2018)"),
    ("phone", "pH 7.32"),
    ("ip", "at 14:10:05"),
    ("licence", "id 1234567890"),
    ("otherid", "HP:0001250"),
    ("otherid", "PMID 25741868"),
    ("otherid", "NDC 00093-1048-01"),
    ("otherid", "SOP class 1.2.840.10008.5.1.4.31."),
    ("ip", "SOP class 1.2.840.10008.5.1.4.31."),
    ("otherid", "GAD: 2 1 3 1 1 0 1"),
    ("otherid", "BP 120 80 72"),
    ("otherid", "nights 2000-0700"),
    ("phone", "97110 x2, 97530 x 1"),
    ("phone", "drain x2, Ativan x10 days"),
    ("phone", "hearing 500-4000 Hz, range 200-3000"),
    ("phone", "NDC 00093-1048-01"),
    ("phone", "Ext 5/5, EXT 0-10"),
    ("date", "Xanax l/2 tab"),
    ("date", "tetanus given, on losartan"),
    ("date", "Christmas disease carrier"),
    ("date", "GA 29 2/7"),
    ("date", "Thursday 1:00 and Friday 9:00"),
    ("date", "Mayo 1 in rectum"),
    ("date", "OCT RNFL 68"),
    ("date", "the twelfth rib, on the eleventh floor"),
    ("date", "scores [DATE], 8-11 beats"),
    ("name", "ran out ~3 days ago ~"),
    ("vehicle", "L4-L5 level"),
    ("vehicle", "c.5946delT, p.Ser1982ArgfsTer22"),
    ("vehicle", "car 2 days in the shop"),
    ("licence", "Creatinine: 9.8 mg/dL (0.6-1.3)"),
    ("ssn", "on the list since 2024-03-02"),
    ("age", "T 97 F, HR 94"),
    ("age", "Tc-99m sestamibi"),
    ("phone", "nail 11 x 180 mm"),
    ("date", "MARCH1 and DEC1 are genes"),
    ("otherid", "NM_007294.4:c.68_69del"),
    ("otherid", "range 1500-2000"),
    ("otherid", "Sample: 0.80 power"),
    ("name", "Ammonia 41 \N{MICRO SIGN}mol/L"),
    ("name", "TNF-α and γδ cells, Δ 3 mm"),
    ("organization", "DISCHARGE SUMMARY CLINIC\n"),
    ("age", "born in 1937"),
    ("age", "DOB 1931-03-14"),
    ("date", "MRN 12-03-14-2451"),
    ("date", "v.1.2.24"),
    ("date", "1.3.12.2.1107"),
    ("phone", "part 12-617-555-0143-7"),
    ("ssn", "code 9-078-05-1120-4"),
    ("email", "HR 80 @ rest, 5 units @ bedtime"),
    ("email", "infuse @ 0.5mg/kg"),
    ("email", "propofol@20mcg"),
    ("location", "Pain, MS and Tumor, CA"),
    ("location", "seen by PT, OT"),
    ("location", "History of Falls, PT"),
    ("phone", "Na | K | Plt\n136 | 4 | 250\n802 | 555 | 7303"),
    ("phone", "Plt\t250\t310\t1200\nHR at 220, 240, 1200"),
    ("ssn", "Creat\t123\t45\t7104"),
    ("ssn", "SS 120/80 98.6 72 18"),
    ("date", "Pain\t5\t5\t1961\nDates 3, 5, 1961"),
    ("date", "Dob 5/10/20/30/40 + atropine"),
    ("date", "1-\n2-\n12 and 3.\n4.\n2024"),
    ("age", "her 65th birthday, 84 months old"),
    ("age", "Born in '87"),
    ("age", "smoked since the late nineties, sats in the mid nineties"),
    ("age", "1,000 months old"),
]


@pytest.mark.parametrize(("recognizer", "text", "surface"), MATCHES)
def test_recognizer_covers_the_surface(recognizer: str, text: str, surface: str) -> None:
    """One find covers the surface from its first to its last character."""
    start = text.index(surface)
    spans = list(BY_NAME[recognizer](View.of(text)))
    assert any(s.start <= start and s.end >= start + len(surface) for s in spans), [
        text[s.start : s.end] for s in spans
    ]


@pytest.mark.parametrize(("recognizer", "text"), LOOK_ALIKES)
def test_recognizer_leaves_the_look_alike(recognizer: str, text: str) -> None:
    """Clinical language that only looks like an identifier stays."""
    assert [text[s.start : s.end] for s in BY_NAME[recognizer](View.of(text))] == []


@pytest.mark.parametrize(
    ("text", "surfaces"),
    [
        ("desk 559-555-0148 ext. 3 or", ["559-555-0148", "3"]),
        ("406-555-0148, x 22 at", ["406-555-0148", "22"]),
        ("call 1415 401-555-0153 again", ["401-555-0153"]),
        ("call 0415 401-555-0153 again", ["401-555-0153"]),
        ("tel 0044 207-946-0018", ["0044", "207-946-0018"]),
    ],
)
def test_the_word_before_an_extension_and_the_time_of_a_call_stay(text: str, surfaces: list[str]) -> None:
    """Number and extension are two finds, and a time of day is none."""
    found = resolve(BY_NAME["phone"](View.of(text)), text)
    assert [text[s.start : s.end] for s in found] == surfaces


def test_a_dose_or_a_fraction_behind_a_month_is_no_day() -> None:
    """``August 5 mg`` and ``May 1.08``; the months are dates all the same."""
    text = "Ritalin, August 5 mg, kt/v in May 1.08, seen Aug 1. Well"
    found = resolve(BY_NAME["date"](View.of(text)), text)
    assert [text[s.start : s.end] for s in found] == ["August", "May", "Aug 1"]


@pytest.mark.parametrize("text", ["Frequent 1/3-2/3", "plate 1/2-1/4-1/4", "strength 4/5-5/5", "grade 3/6-2/6"])
def test_thirds_quarters_and_grades_are_no_range_of_days(text: str) -> None:
    """Only days that rise within a month, or into the next, are dates for sure."""
    assert not [one for one in BY_NAME["date"](View.of(text)) if "-" in text[one.start : one.end]]


def test_a_long_line_of_capitals_names_no_place() -> None:
    """The words before each of many candidates are not read from the beginning of the line."""
    assert list(BY_NAME["organization"](View.of("SEEN AT HOME HEALTH CLINIC AND " * 2_000))) == []


def span(text: str, surface: str, label: PhiLabel, score: float = 0.9) -> Span:
    start = text.index(surface)
    return Span(start=start, end=start + len(surface), label=label, score=score, recognizer="test")


def test_a_phone_leaves_the_blank_before_it() -> None:
    """The text around a placeholder keeps its spacing."""
    spans = BY_NAME["phone"](View.of("Call 802-555-0101 now"))
    assert {s.start for s in spans if s.score > 0.8} == {5}


def test_a_pipe_is_no_damaged_digit() -> None:
    """HL7 separators beside a number stay separators."""
    assert View.of("|19520214|M").folded == "|19520214|M"


COMPLETED = [
    ("seen by Jun-ho today", "Jun", PhiLabel.NAME, "Jun-ho"),
    ("Order prov EKSTEIN,R ok", "EKSTEIN", PhiLabel.NAME, "EKSTEIN,R"),
    ("Eli Fontenot III, goes", "Eli Fontenot", PhiLabel.NAME, "Eli Fontenot III"),
    ("fellow de la Pena in", "Pena", PhiLabel.NAME, "de la Pena"),
    ("labs of 8/12 in", "12", PhiLabel.DATE, "8/12"),
    ("Spec: 24:MB0016675R", "MB0016675R", PhiLabel.OTHERID, "24:MB0016675R"),
    ("Twin Pines, lot C-7, by", "Twin Pines", PhiLabel.LOC, "Twin Pines, lot C-7"),
    ("Tamarack Hospital - Service B,", "Tamarack Hospital", PhiLabel.ORG, "Tamarack Hospital - Service B"),
]


@pytest.mark.parametrize(("text", "surface", "label", "whole"), COMPLETED)
def test_a_find_is_completed_to_what_belongs_to_it(text: str, surface: str, label: PhiLabel, whole: str) -> None:
    """Half a name or number masked is a leak."""
    (first, *_) = complete(View.of(text), [span(text, surface, label)])
    assert text[first.start : first.end] == whole


def test_the_second_of_a_pair_and_an_age_behind_a_name_are_found() -> None:
    """``parents Ane and Gorka``; ``wife Imogen, 93,``."""
    text = "parents Ane and Gorka; wife Imogen, 93, is well"
    finds = complete(View.of(text), [span(text, "Ane", PhiLabel.NAME), span(text, "Imogen", PhiLabel.NAME)])
    assert {text[s.start : s.end] for s in finds} == {"Ane", "Gorka", "Imogen", "93"}


def test_the_joint_of_an_organisation_is_covered() -> None:
    """``Good Shepherd of Wadena`` is one name."""
    text = "to Good Shepherd of Wadena"
    finds = complete(
        View.of(text), [span(text, "Good Shepherd", PhiLabel.ORG), span(text, "Wadena", PhiLabel.LOC, 0.6)]
    )
    assert " of " in {text[s.start : s.end] for s in finds}


def test_a_sure_name_is_found_again_alone_in_lower_case_and_as_initials() -> None:
    """Whole-document consistency."""
    text = "Dr. Amadi Okonkwo saw her. okonkwo called. Read with Okonkwo, MD (AO)\nao"
    again = propagate(View.of(text), [span(text, "Amadi Okonkwo", PhiLabel.NAME)])
    assert [text[s.start : s.end] for s in again] == ["okonkwo", "Okonkwo", "AO", "ao"]


def test_a_word_of_the_language_is_only_a_name_where_the_text_speaks_of_a_person() -> None:
    """Mr. Hope is followed, hope is not."""
    text = "Mr. Hope is here. Hope says no. We hope so, in hope of rest."
    again = propagate(View.of(text), [span(text, "Hope", PhiLabel.NAME)])
    assert [s.start for s in again] == [text.index("Hope says")]


def test_initials_are_found_where_nothing_else_is_wanted() -> None:
    """A name of words of the language, not certain enough to be followed, is still signed for."""
    text = "Hope Long called. Stable.\nHL"
    again = propagate(View.of(text), [span(text, "Hope Long", PhiLabel.NAME, 0.7)])
    assert [text[s.start : s.end] for s in again] == ["HL"]


def test_a_number_is_found_again_with_other_separators() -> None:
    """An MRN is the same with and without dashes."""
    text = "MRN 40-172-856; wristband 40172856"
    again = propagate(View.of(text), [span(text, "40-172-856", PhiLabel.MRN)])
    assert [text[s.start : s.end] for s in again] == ["40172856"]


def test_no_organisation_is_followed_and_no_single_letter_is_initials() -> None:
    """``river`` of ``River Clinic`` names nobody; nor does the ``M`` behind ``KOSKINEN^AINO``."""
    text = "River Clinic and KOSKINEN^AINO\nM\nmeds in the river, RIVER BLINDNESS\nKA\nK"
    found = [span(text, "River Clinic", PhiLabel.ORG), span(text, "KOSKINEN^AINO", PhiLabel.NAME)]
    assert [text[s.start : s.end] for s in propagate(View.of(text), found)] == ["KA"]


def test_a_place_is_followed_where_it_is_capitalised() -> None:
    """``Flower Mound`` is a town, a mound is none."""
    text = "from Kelowna, drove to Kelowna; a kelowna"
    again = propagate(View.of(text), [span(text, "Kelowna", PhiLabel.LOC)])
    assert [s.start for s in again] == [text.index("Kelowna;")]


@pytest.mark.parametrize("tail", [", M.D.", ", D.O.", ", M. Ed.", ", F 71"])
def test_what_stands_behind_a_name_is_no_initial_of_it(tail: str) -> None:
    """A credential, and sex before age."""
    text = f"ATTENDING: HAROLD BONE{tail}"
    found = resolve(BY_NAME["name"](View.of(text)), text)
    assert [text[s.start : s.end] for s in found] == ["HAROLD BONE"]


def test_who_says_i_is_not_named_so() -> None:
    """Neither a rule nor the completion of its find takes the pronoun for an initial."""
    text = "per Wrenfield, I got two bills; Sgt Lapointe, I have looked"
    found = complete(View.of(text), resolve(BY_NAME["name"](View.of(text)), text))
    assert [text[s.start : s.end] for s in found] == ["Wrenfield", "Lapointe"]


def test_the_network_runs_in_the_pipeline() -> None:
    """The shipped model finds what no rule could, and the rules name what it only calls an identifier."""
    text = "The pt says hjelmqvist called. Chart no. 40-172-856; she was born in Kewasha. Foley removed."
    found = {text[f.start : f.end]: f.label for f in Deidentifier(config=DeidConfig(ner="clinical")).detect(text)}
    assert found == {"hjelmqvist": PhiLabel.NAME, "40-172-856": PhiLabel.MRN, "Kewasha": PhiLabel.LOC}


def test_a_find_is_cut_around_the_placeholders_in_it() -> None:
    """What a policy put there is no PHI; what stands between two of them, or beside one, still is."""
    text = "[NAME] Roe [DATE 2024] and Poe [NAME], [NAME] by [ZIP 021]"
    whole = Span(start=0, end=len(text), label=PhiLabel.NAME, score=0.9, recognizer="test")
    kept = list(outside_placeholders([whole, span(text, "and Poe", PhiLabel.NAME)], text))
    assert [text[s.start : s.end] for s in kept] == ["Roe", "and Poe", "by", "and Poe"]
    assert list(outside_placeholders([span(text, "[DATE 2024]", PhiLabel.DATE)], text)) == []
