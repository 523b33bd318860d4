"""Define which HL7 v2 fields are read, their datatypes and PHI classes; every other field is dropped.

Datatypes follow the public field tables of HL7 v2.3.1 to v2.8.2. A field called TS or CE in an older version and DTM or
CWE in a newer one is listed under one of them; both read alike.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from llmops.documents import FieldPhi
from llmops.phi import PhiLabel

PHI_OF_DATATYPE: Final[Mapping[str, PhiLabel | FieldPhi]] = MappingProxyType(
    {
        **dict.fromkeys(("TS", "DTM", "DT", "TM", "DR"), PhiLabel.DATE),
        **dict.fromkeys(("XPN", "XCN", "PN", "CN", "PPN", "NDL", "CNN"), PhiLabel.NAME),
        **dict.fromkeys(("XAD", "AD", "SAD"), PhiLabel.LOC),
        **dict.fromkeys(("XTN", "TN"), PhiLabel.PHONE),
        **dict.fromkeys(("CX", "CK"), PhiLabel.MRN),
        **dict.fromkeys(("EI", "EIP", "HD"), PhiLabel.OTHERID),
        **dict.fromkeys(("PL", "XON"), PhiLabel.ORG),
        "DLN": PhiLabel.LICENSE,
        **dict.fromkeys(("FT", "TX", "ST"), FieldPhi.FREE_TEXT),
        **dict.fromkeys(("IS", "ID", "CE", "CWE", "CNE", "CF", "NM", "SI", "SN", "CQ", "TQ"), FieldPhi.NONE),
    }
)
"""PHI label of a whole value by datatype; a datatype not listed is free text."""

CODED: Final = frozenset({"CE", "CWE", "CNE", "CF", "IS", "ID"})
TIMES: Final = frozenset({"TS", "DTM", "DT", "TM"})
NUMBERS: Final = frozenset({"NM", "SI"})
NARRATIVE: Final = frozenset({"TX", "FT", "ST"})

CODE_SYSTEMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "LN": "http://loinc.org",
        "LOINC": "http://loinc.org",
        "SCT": "http://snomed.info/sct",
        "SNM": "http://snomed.info/sct",
        "SNOMED": "http://snomed.info/sct",
        "I10": "http://hl7.org/fhir/sid/icd-10-cm",
        "I10C": "http://hl7.org/fhir/sid/icd-10-cm",
        "I9": "http://hl7.org/fhir/sid/icd-9-cm",
        "I9C": "http://hl7.org/fhir/sid/icd-9-cm",
        "I9M": "http://hl7.org/fhir/sid/icd-9-cm",
        "CVX": "http://hl7.org/fhir/sid/cvx",
        "NDC": "http://hl7.org/fhir/sid/ndc",
        "RXNORM": "http://www.nlm.nih.gov/research/umls/rxnorm",
        "C4": "http://www.ama-assn.org/go/cpt",
        "CPT": "http://www.ama-assn.org/go/cpt",
        "UCUM": "http://unitsofmeasure.org",
    }
)
"""Coding systems by HL7 table 0396 name, in lower or upper case."""

# Only names table 0396 allows count as a system: where a sender miscounts fields, a clinician's number and names appear
# here (``1234567893^VARGA^INES``), and codes are not searched for PHI.
SYSTEM_NAME: Final = re.compile(
    r"L|LOCAL|CPT4|DCM|NIP\d{3}|(?:99|HL7|ICD|ISO|UB|NUB|CDC|NCI|PH_)[A-Za-z0-9_.\-]{0,20}|MVX|\d+(?:\.\d+){3,12}",
    re.IGNORECASE,
)
# Names that are no words of people: the rest of table 0396, and usual names of hospital systems.
_FURTHER_SYSTEMS: Final = frozenset(
    {
        "ACR", "ATC", "AS4", "C5", "CAS", "CDT", "CLP", "CPTM", "CST", "E", "FDDC", "FDDX", "FDK", "GPI", "HCPCS",
        "HHC", "IHELAW", "IUPAC", "LB", "MDC", "MDDX", "MEDCIN", "MED", "MEDR", "MGPI", "NDFRT", "NIC", "NPI", "OHA",
        "PCV4", "POS", "SNT", "UMD", "UML", "UMLS", "UNII", "UPC", "UPIN", "WHO", "ZAL", "XYZ", "IMO", "EPIC",
        "CERNER", "MEDITECH", "SUNQUEST", "LIS", "RIS", "HIS", "EHR", "EMR", "PACS", "LAB", "RAD", "LABORATORY",
        "RADIOLOGY", "ALLERGY", "DRUG", "ORDER", "TEST",
    }
)  # fmt: skip


def is_code_system(name: str) -> bool:
    """Say whether a text names a coding system, by table 0396 or by custom."""
    upper = name.upper()
    return upper in CODE_SYSTEMS or upper in _FURTHER_SYSTEMS or SYSTEM_NAME.fullmatch(name) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentView:
    """How to read a segment: the heading of its line, and its useful fields as number -> (datatype, label).

    Fields without a label come first in the line; ``quiet`` fields become typed values but no text.
    """

    heading: str
    fields: Mapping[int, tuple[str, str]]
    quiet: frozenset[int] = frozenset()


def _view(heading: str, fields: Mapping[int, tuple[str, str]], *quiet: int) -> SegmentView:
    return SegmentView(heading=heading, fields=MappingProxyType(dict(fields)), quiet=frozenset(quiet))


VIEWS: Final[Mapping[str, SegmentView]] = MappingProxyType(
    {
        "PID": _view("Patient", {8: ("IS", "Sex"), 29: ("TS", "Died"), 30: ("ID", "Deceased")}, 29),
        "EVN": _view("Event", {4: ("IS", "Reason")}, 4),
        "PV1": _view(
            "Visit",
            {
                2: ("IS", "Patient class"),
                4: ("IS", "Admission type"),
                10: ("IS", "Service"),
                14: ("IS", "Admitted from"),
                18: ("IS", "Patient type"),
                36: ("IS", "Discharge disposition"),
                38: ("CWE", "Diet"),
                44: ("TS", "Admitted"),
                45: ("TS", "Discharged"),
            },
        ),
        "PV2": _view("Visit", {2: ("CWE", "Accommodation"), 3: ("CWE", "Admit reason"), 12: ("ST", "Description")}),
        "SCH": _view(
            "Appointment",
            {
                6: ("CWE", "Event reason"),
                7: ("CWE", "Reason"),
                8: ("CWE", "Type"),
                9: ("NM", "Duration"),
                10: ("CWE", "Duration unit"),
                25: ("CWE", "Status"),
            },
        ),
        "AIS": _view("Appointment", {3: ("CWE", ""), 4: ("TS", "Start"), 10: ("CWE", "Status")}),
        "RF1": _view(
            "Reason for Referral",
            {
                10: ("CWE", ""),
                1: ("CWE", "Status"),
                2: ("CWE", "Priority"),
                3: ("CWE", "Type"),
                4: ("CWE", "Disposition"),
                5: ("CWE", "Category"),
                7: ("TS", "Effective"),
            },
        ),
        "DG1": _view(
            "Diagnoses",
            {3: ("CWE", ""), 4: ("ST", ""), 5: ("TS", "Date"), 6: ("IS", "Type"), 15: ("NM", "Priority")},
        ),
        "PRB": _view(
            "Problems",
            {
                3: ("CWE", ""),
                13: ("CWE", "Confirmation"),
                14: ("CWE", "Status"),
                16: ("TS", "Onset"),
                17: ("ST", "Onset text"),
            },
        ),
        "AL1": _view(
            "Allergies",
            {
                3: ("CWE", ""),
                2: ("CWE", "Type"),
                4: ("CWE", "Severity"),
                5: ("ST", "Reaction"),
                6: ("DT", "Identified"),
            },
        ),
        "IAM": _view(
            "Allergies",
            {
                3: ("CWE", ""),
                2: ("CWE", "Type"),
                4: ("CWE", "Severity"),
                5: ("ST", "Reaction"),
                9: ("CWE", "Sensitivity"),
                11: ("DT", "Onset"),
                12: ("ST", "Onset text"),
                17: ("CWE", "Status"),
            },
        ),
        "PR1": _view(
            "Procedures",
            {
                3: ("CWE", ""),
                4: ("ST", ""),
                5: ("TS", "Date"),
                6: ("IS", "Type"),
                7: ("NM", "Minutes"),
                15: ("CWE", "Associated diagnosis"),
            },
        ),
        "RXA": _view(
            "Medications Administered",
            {
                5: ("CWE", ""),
                3: ("TS", "Date"),
                6: ("NM", "Amount"),
                7: ("CWE", "Unit"),
                8: ("CWE", "Form"),
                9: ("CWE", "Note"),
                17: ("CWE", "Manufacturer"),
                18: ("CWE", "Refusal reason"),
                19: ("CWE", "Indication"),
                20: ("ID", "Completion"),
            },
        ),
        "RXO": _view(
            "Medications",
            {
                1: ("CWE", ""),
                2: ("NM", "Amount"),
                3: ("NM", "Maximum"),
                4: ("CWE", "Unit"),
                5: ("CWE", "Form"),
                6: ("CWE", "Instructions"),
                7: ("CWE", "Administration"),
                20: ("CWE", "Indication"),
            },
        ),
        "RXE": _view(
            "Medications",
            {
                2: ("CWE", ""),
                3: ("NM", "Amount"),
                4: ("NM", "Maximum"),
                5: ("CWE", "Unit"),
                6: ("CWE", "Form"),
                7: ("CWE", "Administration"),
                10: ("NM", "Dispense"),
                11: ("CWE", "Dispense unit"),
                12: ("NM", "Refills"),
                21: ("CWE", "Pharmacy instructions"),
                27: ("CWE", "Indication"),
            },
        ),
        "RXD": _view(
            "Medications",
            {2: ("CWE", ""), 3: ("TS", "Dispensed"), 4: ("NM", "Amount"), 5: ("CWE", "Unit"), 9: ("ST", "Note")},
        ),
        "RXG": _view("Medications", {4: ("CWE", ""), 5: ("NM", "Amount"), 7: ("CWE", "Unit"), 8: ("CWE", "Form")}),
        "RXC": _view("Medications", {2: ("CWE", ""), 1: ("ID", "Component"), 3: ("NM", "Amount"), 4: ("CWE", "Unit")}),
        "RXR": _view("Medications", {1: ("CWE", "Route"), 2: ("CWE", "Site"), 4: ("CWE", "Method")}),
        "ODS": _view("Diet", {3: ("CWE", ""), 4: ("ST", "Text")}),
        "ORC": _view("Orders", {5: ("ID", "Status"), 16: ("CWE", "Reason")}, 5),
        "OBR": _view(
            "Orders",
            {
                4: ("CWE", ""),
                7: ("TS", "Observed"),
                13: ("ST", "Clinical information"),
                15: ("CWE", "Specimen"),
                25: ("ID", "Status"),
                31: ("CWE", "Reason"),
            },
        ),
        "TQ1": _view(
            "Orders",
            {
                2: ("CQ", "Quantity"),
                3: ("CWE", "Repeat"),
                9: ("CWE", "Priority"),
                10: ("TX", "Condition"),
                11: ("TX", "Instruction"),
            },
        ),
        "SPM": _view(
            "Specimens",
            {
                4: ("CWE", ""),
                5: ("CWE", "Modifier"),
                7: ("CWE", "Collection"),
                8: ("CWE", "Site"),
                14: ("ST", "Description"),
            },
        ),
        "ACC": _view("Accident", {2: ("CWE", ""), 1: ("TS", "Date"), 9: ("ST", "Description")}),
        "PDA": _view("Death", {1: ("CWE", "Cause"), 9: ("ID", "Coroner")}),
        "FT1": _view(
            "Charges",
            {7: ("CWE", ""), 8: ("ST", ""), 4: ("DR", "Date"), 19: ("CWE", "Diagnosis"), 25: ("CWE", "Procedure")},
        ),
        "GOL": _view("Goals", {3: ("CWE", ""), 18: ("CWE", "Status")}),
        "TXA": _view("Document", {2: ("IS", "Type"), 4: ("TS", "Date"), 17: ("ID", "Completion")}),
    }
)
"""The segments and fields that are read. OBX and NTE are read separately; all others are dropped and counted."""

OTHER_FIELDS: Final[Mapping[str, frozenset[int]]] = MappingProxyType(
    {"OBX": frozenset({1, 2, 3, 4, 5, 6, 7, 8, 11, 14}), "NTE": frozenset({1, 2, 3, 4}), "MSH": frozenset(range(30))}
)
"""Fields read outside the views, or that only frame the message."""
