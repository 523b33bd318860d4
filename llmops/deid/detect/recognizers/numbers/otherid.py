"""Any other unique number or code, 164.514(b)(2)(i)(R): accession, order, encounter, study, job, staff, file."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.detect.recognizers.shapes import CODE, at_least_digits
from llmops.deid.spans import Span, View
from llmops.deid.vocabulary.words import COMMON_WORDS
from llmops.phi import PhiLabel

NAME: Final = "otherid"
LABEL: Final = PhiLabel.OTHERID


def _is_code(folded: str, start: int, end: int) -> bool:
    """Refuse what often follows a label such as "case" or "unit": a count, a dose, a time."""
    surface = folded[start:end]
    digits = sum(c.isdigit() for c in surface)
    after = folded[end : end + 3]
    decimal = surface.replace(".", "", 1).isdigit() and "." in surface
    filter_name = digits == 3 and surface[0] == "F"
    return (
        digits >= 3
        and not decimal
        and not filter_name
        and not after.startswith(("%", " mg", " mL", ":"))
        and "/" not in surface[:3]
    )


_OF_STANDARDS: Final = re.compile(r"1\.2\.840\.10008\b|2\.16\.840\.1\.113883\.(?!3\.)(?![\d.]*\d{7})")


def _is_instance(folded: str, start: int, _end: int) -> bool:
    """Refuse class UIDs, which identify nobody: DICOM's own (PS3.6), HL7's tables and templates.

    Under 2.16.840.1.113883.3 HL7 registers organisations, which have patients, and seven digits in a row may be
    somebody's number. Also refuse the rest of a UID.
    """
    return _OF_STANDARDS.match(folded, start) is None and folded[max(0, start - 1) : start] != "."


def _is_bare_code(folded: str, start: int, _end: int) -> bool:
    """Refuse an ontology term number (``HP:0001250``), a decimal fraction and a genome position."""
    before = folded[max(0, start - 16) : start]
    listed = re.search(r"(?i)\b(?:pmid|rxcui|rs|chr)\W{0,3}\Z|chr\w{1,2}[:\s]{1,12}\Z", before) is not None
    return not (before[-1:] in {".", "=", ","} or (before[-1:] == ":" and before[-2:-1].isalpha()) or listed)


def _is_no_reference(folded: str, start: int, _end: int) -> bool:
    """Refuse public accessions of transcripts, genes and variants (``NM_000179``)."""
    return not folded.startswith(("NM_", "NP_", "NC_", "NG_", "NR_", "XM_", "ENS", "LRG", "NCT", "CAS", "ICD"), start)


def _is_numbered(folded: str, start: int, end: int) -> bool:
    """Refuse a count of tablets (``#30``) and a problem number."""
    return sum(c.isdigit() for c in folded[start:end]) >= 4


def _is_pair_code(folded: str, start: int, end: int) -> bool:
    """Refuse a month with a year and a range."""
    surface = folded[start:end]
    return not (surface[3:5] in {"19", "20"} and len(surface) == 7) and _is_apart(folded, start, end)


def _is_letter_code(folded: str, start: int, _end: int) -> bool:
    """Refuse procedure and diagnosis codes (``J1030``, ``E1165``) beside their words, vitamins and blood groups."""
    around = folded[max(0, start - 14) : start].lower()
    return folded[start] not in "JGQAVDEZKM" and not any(
        word in around for word in ("cpt", "hcpcs", "icd", "code", "l5", "dx")
    )


def _is_apart(folded: str, start: int, end: int) -> bool:
    """Require that no code or fraction continues before or after; a sentence end does not count."""
    before, after = folded[max(0, start - 1) : start], folded[end : end + 2]
    return before not in {"-", ".", "/", ":"} and after[:1] not in {"-", "/"} and not re.match(r"\.\d", after)


_NDC: Final = re.compile(r"\d{4}-\d{4}-\d{2}|\d{5}-\d{3}-\d{2}|\d{5}-\d{4}-\d{1,2}")


def _is_joined_number(folded: str, start: int, end: int) -> bool:
    """Refuse a drug number (NDC) and a result panel (``138-4.2-101-24``)."""
    drug = _NDC.fullmatch(folded[start:end]) is not None
    return not drug and _is_apart(folded, start, end) and _is_long_code(folded, start, end)


def _is_filed(folded: str, start: int, end: int) -> bool:
    """Refuse a range of years (``2019-2021``) and of hours (``2000-0700``)."""
    years = folded[start + 5 : start + 7] in {"19", "20"}
    return not years and not folded[start:end].endswith("00") and _is_apart(folded, start, end)


def _is_uncoded(folded: str, start: int, _end: int) -> bool:
    """Refuse terminology codes beside the terminology's name (``SNOMED T-71000``)."""
    before = folded[max(0, start - 16) : start].lower()
    return not any(name in before for name in ("snomed", "icd", "cpt", "loinc", "hcpcs", "ndc"))


def _is_parted(folded: str, start: int, end: int) -> bool:
    """Accept ``NF-118 204``; refuse a diagnosis after its terminology's name (``ICD-10 I50.23``)."""
    return not folded.startswith(("ICD", "CPT"), start) and _is_code(folded, start, end)


def _is_spread(folded: str, start: int, end: int) -> bool:
    """Accept ``M 00 718 22 4``; refuse results after a label from the notes' vocabulary (``BP 120 80 72``)."""
    letters = folded[start:end].split(" ", 1)[0].lower()
    digits = sum(c.isdigit() for c in folded[start:end])
    return digits >= 6 and letters not in COMMON_WORDS and letters not in _MEASURED and _is_apart(folded, start, end)


_MEASURED: Final = frozenset(
    {
        "t", "p", "r", "bp", "hr", "rr", "wt", "ht", "f", "c", "l", "s", "b", "q", "x", "od", "os", "ou", "v", "gs",
        "g", "uop", "cl", "ptt", "inr", "qb", "qd", "ef", "vt", "map", "cvp", "tv", "ps", "md", "np", "pa", "rn",
        "do", "dpm", "nhs", "npi", "dsn", "hm", "sns", "cp", "awb", "rid", "hrn", "sst", "ccf", "ndc", "sid", "din",
        "mrn", "ssn", "tel", "ph", "fx", "fax", "id", "no", "icd", "cpt", "qa", "qre", "lot", "ref", "sn",
    }
)  # fmt: skip
"""Labels of results and of numbers that other recognizers find."""


def _is_dealt(folded: str, start: int, end: int) -> bool:
    """Accept a number written digit by digit; refuse questionnaire answers (``2 1 3 1 1 0 1``) and a scale."""
    digits = [int(c) for c in folded[start:end] if c.isdigit()]
    rising = all(after - before in {0, 1} for before, after in pairwise(digits))
    return max(digits) > 6 and not rising


def _is_long_code(folded: str, start: int, end: int) -> bool:
    """Apply stricter checks to a code beside a weak label."""
    return sum(c.isdigit() for c in folded[start:end]) >= 5


def _is_split_number(folded: str, start: int, end: int) -> bool:
    """Accept ``106-447215``; refuse a range (``1500-2000``), a year and text that continues before or after."""
    first, second = folded[start:end].split("-")
    whole = _is_apart(folded, start, end) and folded[end : end + 1] != ":" and not _is_year(first)
    return whole and len(first) + len(second) >= 8 and len(first) != len(second)


def _is_year(number: str) -> bool:
    return len(number) == 4 and number[:2] in {"19", "20"}


RULES: Final = Rules(
    PatternRule(
        r"(?i)\b(?:acc(?:ession|n)?|csn|enc(?:ounter)?|visit|fin|order|ord|req(?:uisition)?|spec(?:imen)?|"
        r"sample|case|path(?:ology)?|job|dict(?:ation)?|doc(?:ument)?|report|rpt|ticket|tix|trace|"
        r"tracking|ref(?:erence)?|rx|auth|pa|prior auth(?:orization)?|study|subject|subj|participant|"
        r"screening|rand(?:omi[sz]ation)?|kit|donor|unos|unit|bar ?code|employee|emp|staff|badge|"
        r"interpreter|booking|trip|incident|file|claim|petition|docket|warrant|inmate|idoc|booking|run|"
        r"pcr|consent|confirmation|conf|call|barcode|cassette|block|slide|lab|family|fam|pedigree|bag|"
        r"rack|plate well|referral|receipt|edipi|message|msg|transaction|batch id|dmr|control|ctrl|event|"
        r"qre|irb|protocol|site|clinicaltrials|nct|arrest|police|report|permit|cad|pnr|uid|oid|guid|"
        r"id)\b(?:\s?(?:id|ids|no|number|#|nr|num|nos|code))*\s{0,2}(?:[#:=.]{1,8}|is|->|"
        r"\()\s{0,8}[#\"'\[]{0,2}((?-i:" + CODE + r"))",
        PhiLabel.OTHERID,
        0.75,
        _is_code,
    ),
    PatternRule(
        r"(?i)\b(?:accession|csn|encounter|acc|acc no|job|spec(?:imen)?|case|path|order|ord|rx|study|"
        r"subject|ticket|donor|employee|sample|interpreter id|unit|trip|run|ref|auth|pa|id)\s((?-i:" + CODE + r"))",
        PhiLabel.OTHERID,
        0.7,
        _is_long_code,
    ),
    PatternRule(
        r"\b([A-Z]{1,5}-?(?:19|20)?\d{2}-\d{3,7}(?:-[A-Z0-9]{1,4}){0,2}(?: [A-Z]\d{1,2})?)\b", PhiLabel.OTHERID, 0.83
    ),
    PatternRule(
        r"\b([A-Z]{1,5}(?:-?[A-Z0-9]{1,6})?-\d{4,12}(?:-[A-Z0-9]{1,6}){0,3})\b", PhiLabel.OTHERID, 0.6, _is_uncoded
    ),
    PatternRule(r"\b((?:19|20)\d{2}-[A-Z]{1,5}-\d{2,8})\b", PhiLabel.OTHERID, 0.83),
    PatternRule(
        r"(?i)((?:\b[a-z]:\\|\\\\|/(?:home|mnt|data|srv|users|share|export|var|opt|scan|"
        r"tmp)[a-z0-9]{0,12}/)[^\s<>|\"',;]{3,200}[a-z0-9])",
        PhiLabel.OTHERID,
        0.85,
    ),
    PatternRule(
        r"(?i)\b([a-z0-9][a-z0-9_.-]{3,80}\.(?:pdf|docx?|xlsx?|csv|tiff?|jpe?g|png|dcm|wav|mp4|mov|bam|"
        r"cram|vcf|fastq|gz|zip|txt|hl7|xml|json))\b",
        PhiLabel.OTHERID,
        0.8,
    ),
    PatternRule(r"\b([1-9]\.\d{1,4}(?:\.\d{1,12}){5,12})\b", PhiLabel.OTHERID, 0.8, _is_instance),
    PatternRule(r"(?i)\b([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b", PhiLabel.OTHERID, 0.95),
    PatternRule(r"\b(\d{7,14})\b", PhiLabel.OTHERID, 0.5, _is_bare_code),
    PatternRule(r"(?i)\bid:? (\d{3,6})\b", PhiLabel.OTHERID, 0.6),
    PatternRule(r"\b([A-Z]\d{4} \d{2} \d{6}(?: \d{2})?|[A-Z]\d{12}(?:\d{2})?)\b", PhiLabel.OTHERID, 0.9),
    PatternRule(r"\b(\d{2}:[A-Z]{2}\d{5,9}[A-Z]?)\b", PhiLabel.OTHERID, 0.8),
    PatternRule(r"\b((?:[A-Z]\d{1,3}_)?\d{2}[A-Z]{1,3}-?\d{4,7}(?:_[A-Z0-9]{1,3})?)\b", PhiLabel.OTHERID, 0.6),
    PatternRule(r"\b([A-Z]{2,6}\.\d{4,8}\.\d{2,5})\b", PhiLabel.OTHERID, 0.7),
    PatternRule(
        r"\b([A-Z]\d{2}/\d{3,6}|[A-Z]/\d{2}/\d{3,6}|[A-Z]{2}/\d{4,7}|\d{2}/0\d{2}/\d{3})\b", PhiLabel.OTHERID, 0.83
    ),
    PatternRule(r"\b(20[0-2]\d-\d{3,5}(?:-[A-Z0-9]{1,3})?)\b", PhiLabel.OTHERID, 0.5, _is_filed),
    PatternRule(r"\b([a-z]{2,6}-\d{5,10})\b", PhiLabel.OTHERID, 0.6),
    PatternRule(r"(?i)\b(?:gs|s3|smb|file|dicom)://[^\s<>\"']{3,300}[A-Za-z0-9]", PhiLabel.OTHERID, 0.9),
    PatternRule(r"(?:^|\n)(?:ORC|OBR)\|[A-Z0-9]{1,3}\|([A-Za-z0-9-]{4,24})", PhiLabel.OTHERID, 0.9),
    PatternRule(r"\b([A-Z]{1,3} \d{2,4}(?:[ -]\d{1,4}){1,4})\b", PhiLabel.OTHERID, 0.5, _is_spread),
    PatternRule(r"\b([A-Z]{1,3}-\d{2,3} \d{3}(?: \d{2,3})?)\b", PhiLabel.OTHERID, 0.6, _is_parted),
    PatternRule(r"\b(\d(?: \d){5,11})\b", PhiLabel.OTHERID, 0.5, _is_dealt),
    PatternRule(
        r"(?i)\b(?:arm ?band|band|din|grid|clm|ccn|flow ?cell|seaman's bk|passport|passaporte|alien|fall-nr|"
        r"caseno|affidavit|seriennr|key)\.?(?: ?(?:no|number|#|on [a-z0-9-]{1,6})\.?)?[: #]{1,3}((?-i:" + CODE + r"))",
        PhiLabel.OTHERID,
        0.7,
        _is_code,
    ),
    PatternRule(
        r"(?:^|[\s=:<(])(/[A-Za-z][A-Za-z0-9_.-]{0,60}(?:/[A-Za-z0-9_.-]{1,80}){2,8})",
        PhiLabel.OTHERID,
        0.83,
        at_least_digits(4),
    ),
    PatternRule(r"\b(\d{3,6}-\d{4,7})\b", PhiLabel.OTHERID, 0.5, _is_split_number),
    PatternRule(r"\b([A-Z]{2,5}-\d[A-Z0-9]{5,14})\b", PhiLabel.OTHERID, 0.83, at_least_digits(5)),
    PatternRule(r"\b([A-Z]{2,6}\d{4,8}-[A-Z0-9]{1,3})\b", PhiLabel.OTHERID, 0.83),
    PatternRule(r"#\s?(" + CODE + r")", PhiLabel.OTHERID, 0.6, _is_numbered),
    PatternRule(r"\b(\d{2}-\d{4,8}(?:-[A-Z0-9]{1,3})?)\b", PhiLabel.OTHERID, 0.45, _is_pair_code),
    PatternRule(r"\b([A-Z]\d{4,6})\b", PhiLabel.OTHERID, 0.4, _is_letter_code),
    PatternRule(
        r"(?i)\b(?:waybill|airbill|airway bill|awb|tag|key|sample_id|crew|police incident|incident|"
        r"referral|auth|no\.|ref\.?|record|file|card|chart|duplicate|folder|sticker)(?: (?:no|number|"
        r"#)\.?)?:? #?((?-i:" + CODE + r"))",
        PhiLabel.OTHERID,
        0.6,
        _is_long_code,
    ),
    PatternRule(r"\b(\d{2,4}-\d{2,6}-\d{2,6}(?:-\d{1,6}){0,2})\b", PhiLabel.OTHERID, 0.5, _is_joined_number),
    PatternRule(r"\b([A-Z]{2,6}_?[A-Z0-9]{0,6}\d{4,12}[A-Z]?)\b", PhiLabel.OTHERID, 0.45, _is_no_reference),
)


def find(view: View) -> Iterator[Span]:
    """Yield any other unique number or code in a view."""
    return RULES.find(view, NAME)
