"""Any other unique number or code, 164.514(b)(2)(i)(R): accessions, orders, encounters, studies, jobs, staff, files."""

from collections.abc import Iterator
from typing import Final

from llmops.deid.recognizers.rules import Rule, find_by_rules
from llmops.deid.recognizers.shapes import CODE, at_least_digits
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

NAME: Final = "otherid"


def _is_code(folded: str, start: int, end: int) -> bool:
    """Refuse what a label such as "case" or "unit" often has beside it: a count, a dose, a time."""
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


def _is_instance(folded: str, start: int, _end: int) -> bool:
    """A DICOM UID under 1.2.840.10008 names a class, not somebody's image (PS3.6)."""
    return not folded.startswith("1.2.840.10008", start)


def _is_bare_code(folded: str, start: int, _end: int) -> bool:
    """Refuse the number of an ontology term (``HP:0001250``), a decimal fraction and a genome position."""
    before = folded[max(0, start - 6) : start]
    return not (before[-1:] in {".", "=", ","} or (before[-1:] == ":" and before[-2:-1].isalpha()) or "chr" in before)


def _is_no_reference(folded: str, start: int, _end: int) -> bool:
    """Refuse public accessions of transcripts, genes and variants (``NM_000179``)."""
    return not folded.startswith(("NM_", "NP_", "NC_", "NG_", "NR_", "XM_", "ENS", "LRG", "NCT", "CAS", "ICD"), start)


def _is_numbered(folded: str, start: int, end: int) -> bool:
    """Refuse a count of tablets (``#30``) and a problem number."""
    return sum(c.isdigit() for c in folded[start:end]) >= 4


def _is_pair_code(folded: str, start: int, end: int) -> bool:
    """Refuse a month with a year and a range."""
    surface = folded[start:end]
    around = folded[max(0, start - 1) : start] + folded[end : end + 1]
    return not (surface[3:5] in {"19", "20"} and len(surface) == 7) and not set(around) & set("-./")


def _is_letter_code(folded: str, start: int, _end: int) -> bool:
    """Refuse procedure and diagnosis codes (``J1030``, ``E1165``) beside their words, vitamins and blood groups."""
    around = folded[max(0, start - 14) : start].lower()
    return folded[start] not in "JGQAVDEZKM" and not any(
        word in around for word in ("cpt", "hcpcs", "icd", "code", "l5", "dx")
    )


def _is_long_code(folded: str, start: int, end: int) -> bool:
    """Ask more of a code that stands beside a weak label."""
    return sum(c.isdigit() for c in folded[start:end]) >= 5


def _is_split_number(folded: str, start: int, end: int) -> bool:
    """Take ``106-447215``; refuse a range (``1500-2000``), a year and what goes on before or behind."""
    first, second = folded[start:end].split("-")
    around = folded[max(0, start - 1) : start] + folded[end : end + 1]
    whole = not set(around) & set("-./:") and not _is_year(first)
    return whole and len(first) + len(second) >= 8 and len(first) != len(second)


def _is_year(number: str) -> bool:
    return len(number) == 4 and number[:2] in {"19", "20"}


RULES: Final = (
    Rule(
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
    Rule(
        r"(?i)\b(?:accession|csn|encounter|acc|acc no|job|spec(?:imen)?|case|path|order|ord|rx|study|"
        r"subject|ticket|donor|employee|sample|interpreter id|unit|trip|run|ref|auth|pa|id)\s((?-i:" + CODE + r"))",
        PhiLabel.OTHERID,
        0.7,
        _is_long_code,
    ),
    Rule(r"\b([A-Z]{1,5}-?(?:19|20)?\d{2}-\d{3,7}(?:-[A-Z0-9]{1,4}){0,2}(?: [A-Z]\d{1,2})?)\b", PhiLabel.OTHERID, 0.7),
    Rule(r"\b([A-Z]{1,5}(?:-?[A-Z0-9]{1,6})?-\d{4,12}(?:-[A-Z0-9]{1,6}){0,3})\b", PhiLabel.OTHERID, 0.6),
    Rule(r"\b((?:19|20)\d{2}-[A-Z]{1,5}-\d{2,8})\b", PhiLabel.OTHERID, 0.75),
    Rule(
        r"(?i)((?:\b[a-z]:\\|\\\\|/(?:home|mnt|data|srv|users|share|export|var|opt|scan|"
        r"tmp)[a-z0-9]{0,12}/)[^\s<>|\"',;]{3,200}[a-z0-9])",
        PhiLabel.OTHERID,
        0.85,
    ),
    Rule(
        r"(?i)\b([a-z0-9][a-z0-9_.-]{3,80}\.(?:pdf|docx?|xlsx?|csv|tiff?|jpe?g|png|dcm|wav|mp4|mov|bam|"
        r"cram|vcf|fastq|gz|zip|txt|hl7|xml|json))\b",
        PhiLabel.OTHERID,
        0.8,
    ),
    Rule(r"\b([1-9]\.\d{1,4}(?:\.\d{1,12}){5,12})\b", PhiLabel.OTHERID, 0.9, _is_instance),
    Rule(r"(?i)\b([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b", PhiLabel.OTHERID, 0.95),
    Rule(r"\b(\d{7,14})\b", PhiLabel.OTHERID, 0.5, _is_bare_code),
    Rule(r"(?i)\bid:? (\d{3,6})\b", PhiLabel.OTHERID, 0.6),
    Rule(
        r"(?:^|[\s=:<(])(/[A-Za-z][A-Za-z0-9_.-]{0,60}(?:/[A-Za-z0-9_.-]{1,80}){2,8})",
        PhiLabel.OTHERID,
        0.7,
        at_least_digits(4),
    ),
    Rule(r"\b(\d{3,6}-\d{4,7})\b", PhiLabel.OTHERID, 0.5, _is_split_number),
    Rule(r"\b([A-Z]{2,5}-\d[A-Z0-9]{5,14})\b", PhiLabel.OTHERID, 0.6, at_least_digits(5)),
    Rule(r"\b([A-Z]{2,6}\d{4,8}-[A-Z0-9]{1,3})\b", PhiLabel.OTHERID, 0.6),
    Rule(r"#\s?(" + CODE + r")", PhiLabel.OTHERID, 0.6, _is_numbered),
    Rule(r"\b(\d{2}-\d{4,6}(?:-[A-Z0-9]{1,3})?)\b", PhiLabel.OTHERID, 0.45, _is_pair_code),
    Rule(r"\b([A-Z]\d{4,6})\b", PhiLabel.OTHERID, 0.4, _is_letter_code),
    Rule(
        r"(?i)\b(?:waybill|airbill|airway bill|awb|tag|key|sample_id|crew|police incident|incident|"
        r"referral|auth|no\.|ref\.?|record|file|card|chart|duplicate|folder|sticker)(?: (?:no|number|"
        r"#)\.?)?:? #?((?-i:" + CODE + r"))",
        PhiLabel.OTHERID,
        0.6,
        _is_long_code,
    ),
    Rule(r"\b(\d{2,4}-\d{2,6}-\d{2,6}(?:-\d{1,6}){0,2})\b", PhiLabel.OTHERID, 0.5, _is_long_code),
    Rule(r"\b([A-Z]{2,6}_?[A-Z0-9]{0,6}\d{4,12}[A-Z]?)\b", PhiLabel.OTHERID, 0.45, _is_no_reference),
)


def find(view: View) -> Iterator[Span]:
    """Yield every find in a view."""
    return find_by_rules(RULES, view, NAME)
