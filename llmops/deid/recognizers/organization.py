"""Hospitals, clinics, homes, schools, employers, churches, 164.514(b)(2)(i)(A) and (B): they place the individual."""

import re
from collections.abc import Iterator
from typing import Final

from llmops.deid.recognizers.rules import Rule, find_by_rules
from llmops.deid.spans import Span, View
from llmops.deid.vocabulary import word_set
from llmops.deid.vocabulary.words import is_plain
from llmops.phi import PhiLabel

NAME: Final = "organization"
_WORD: Final = r"(?:[A-Z~][A-Za-z0-9~.]*(?:['&-][A-Za-z~]+)*'?)"
_GAP: Final = r"[ \t]"
_LINK: Final = r"(?:of|and|the|for|at|de|la|del|&|in|on|y)"
_KIND: Final = (
    r"(?:Hospitals?|Hosp|Hosp\.|Medical Center|Medical Ctr|Med Ctr|Medical|Med|Clinic|Clinics|Health "
    r"Center|Health System|Healthcare|Health Care|Health|"
    r"Infirmary|Sanatorium|Hospice|Nursing Home|Nursing|Manor|Rehab|Rehabilitation|Care Center|Care "
    r"Centre|Care|Living|Village|Villas?|Senior Living|"
    r"Pharmacy|Drugs?|Apothecary|Rx|Imaging|Radiology|Dialysis|Oncology|Cardiology|Pediatrics|Peds|"
    r"Orthopa?edics|Ortho|Surgery Center|Surgical|"
    r"Dental|Dentistry|Eye|Urology|Neurology|Dermatology|Endocrinology|Gastroenterology|Endoscopy|"
    r"Nephrology|Psychiatry|Associates|Assoc|Physicians|Partners|"
    r"Family Practice|Family Medicine|Family Health|Practice|Primary Care|Urgent Care|Women's Health|"
    r"Midwifery|Birth Center|Counseling|Behavioral|"
    r"School|High|Elementary|Middle School|Academy|College|University|Univ|Institute|Institut|"
    r"Seminary|Preschool|Daycare|Kindergarten|Head Start|"
    r"Church|Chapel|Parish|Temple|Mosque|Masjid|Synagogue|Cathedral|Baptist|Methodist|Lutheran|"
    r"Presbyterian|Pentecostal|Assembly|Tabernacle|Ministries|"
    r"Shelter|Mission|Home|House|Homes|Hall|Lodge|Center|Centre|Ctr|Pavilion|Tower|Terrace Care|Place|Haven|"
    r"Foundation|Network|Group|Services|Service|Agency|Company|Co|Corp|Corporation|Inc|LLC|LLP|Ltd|"
    r"GmbH|Mills?|Farms?|Foods|Market|Works|Factory|"
    r"Construction|Trucking|Logistics|Plumbing|Electric|Roofing|Dairy|Ranch|Mining|Steel|Lumber|"
    r"Bakery|Restaurant|Cafe|Diner|Grill|Hotel|Casino|"
    r"Laboratory|Laboratories|Labs?|Diagnostics|Genomics|Genetics|Biobank|Registry|EMS|Ambulance|"
    r"Nurses|Nursery|Cannery|Plant|Distributors|School Board|School District|Consultants|Orthopaedic "
    r"Surgery Center|ED|Women & Infants|Audiology|Gynecology|Vascular|Cohort|YMCA|Outpatient|Legal "
    r"Aid|Pathologists|Bar|"
    r"Club|Fire|Fire Dept|Police|PD|VFD|Sheriff|County Jail|Jail|Prison|"
    r"Correctional|Army|Base|Fort|Union|Library|Club|Gym|Camp|Credit Union|Bank|Insurance|Hospitality|"
    r"Trust|Cooperative|Co-op|VA|VAMC|Surgery|Trading Post|CBOC|SNF|ALF|"
    r"HOSPITAL|MEDICAL CENTER|CLINIC|HEALTH|HEALTH SYSTEM|MANOR|REHAB|PHARMACY|IMAGING|RADIOLOGY|"
    r"ASSOCIATES|SCHOOL|UNIVERSITY|COLLEGE|CHURCH|CENTER|"
    r"INSTITUTE|HOSPICE|NETWORK|GROUP|LABORATORY|LAB|PEDIATRICS|HOME|HOUSE|CARE|SURGERY|ONCOLOGY|"
    r"CARDIOLOGY|PRACTICE|MEDICINE|Medicine|Unit|Ward)"
)
_SAINT: Final = r"(?:St\.?|Saint|SAINT|ST\.?|Sts\.?|Ste\.?|Our Lady of|OUR LADY OF|Santa|San|Sainte)"
_FIRST_WORDS: Final = word_set("first_words")
_WORDS: Final = re.compile(r"[A-Za-z~]+")


def _is_named(folded: str, start: int, end: int) -> bool:
    """Ask for one word that is no word of the language: ``Home Health`` places nobody, ``Elm Home Health`` does."""
    words = _WORDS.findall(folded[start:end])
    return any(not is_plain(word) and word.lower() not in _FIRST_WORDS and len(word) > 2 for word in words[:-1])


def _is_titled(folded: str, start: int, end: int) -> bool:
    """Take words of the language for a name where they are capitalised in running text (``Pine Lake Practice``)."""
    words = _WORDS.findall(folded[start:end])
    proper = [w for w in words[:-1] if w[0].isupper() and not w.isupper() and w.lower() not in _FIRST_WORDS]
    line = folded[folded.rfind("\n", 0, start) + 1 : start]
    running = any(c.islower() for c in line) and not line.rstrip().endswith((".", ":"))
    return _is_named(folded, start, end) or (len(proper) >= 1 and len(words) >= 2 and running)


RULES: Final = (
    Rule(
        r"\b((?:Walmart|Kroger|Walgreens|CVS|Safeway|Vons|Costco|Target|Rite Aid|Publix|Hy-?Vee|Meijer|"
        r"Albertsons|Wegmans|"
        r"Kmart|Menards|Lowe's|Home Depot|Amazon|FedEx|UPS|Tyson|Boeing|Walmart Rx)(?:[ \t](?:Pharmacy|on|"
        r"in|at)(?:[ \t][A-Z][a-z]+)?)?)\b",
        PhiLabel.ORG,
        0.5,
    ),
    Rule(
        r"\b([A-Z]{4,}(?:[ \t][A-Z]{3,})?[ \t](?:GENERAL|MEMORIAL|REGIONAL|MERCY|METHODIST|LUTHERAN|"
        r"BAPTIST|PRESBYTERIAN|UNIVERSITY))\b",
        PhiLabel.ORG,
        0.6,
        _is_named,
    ),
    Rule(
        r"\b("
        + _SAINT
        + _GAP
        + _WORD
        + r"(?:(?:"
        + _GAP
        + r"|(?:"
        + _GAP
        + _LINK
        + r"){1,2}"
        + _GAP
        + r")"
        + _WORD
        + r"){0,4}"
        + _GAP
        + _KIND
        + r")\b",
        PhiLabel.ORG,
        0.86,
    ),
    Rule(r"\b((?:St\.?|Saint|Mt\.?|Mount|Our Lady of(?: the)?)" + _GAP + r"[A-Z][a-z]+(?:'s)?)\b", PhiLabel.ORG, 0.7),
    Rule(
        r"\b("
        + _WORD
        + r"(?:(?:"
        + _GAP
        + r"|(?:"
        + _GAP
        + _LINK
        + r"){1,2}"
        + _GAP
        + r")"
        + _WORD
        + r"){0,4}"
        + _GAP
        + _KIND
        + r"(?:"
        + _GAP
        + r"(?:of|OF|for)(?:"
        + _GAP
        + r"the)?(?:"
        + _GAP
        + _WORD
        + r"){1,2})?)\b",
        PhiLabel.ORG,
        0.72,
        _is_titled,
    ),
    Rule(
        r"\b((?:University|College|Hospital|Church|Bank|City|Port|Diocese|Children's Hospital) of"
        + _GAP
        + r"(?:the"
        + _GAP
        + r")?"
        + _WORD
        + r"(?:"
        + _GAP
        + _WORD
        + r"){0,2})\b",
        PhiLabel.ORG,
        0.75,
    ),
    Rule(
        r"\b([A-Z][a-z]{2,}(?:"
        + _GAP
        + r"[A-Z][a-z]+)?"
        + _GAP
        + r"(?:General|Memorial|Regional|Mercy|Hosp|Children's|Community|Methodist|Presbyterian|Baptist|"
        r"Adventist|Lutheran|Deaconess|University))\b",
        PhiLabel.ORG,
        0.7,
        _is_named,
    ),
    Rule(
        r"\b((?:Mercy|Memorial|Methodist|Deaconess|Providence|Sacred Heart|Holy Cross|Good Samaritan|"
        r"Kaiser|Mayo|Cleveland Clinic|Shriners|Johns Hopkins)(?:"
        + _GAP
        + r"(?:Hospital|Clinic|Medical|General|Health|Children's|"
        + _WORD
        + r")){0,2})\b",
        PhiLabel.ORG,
        0.6,
    ),
    Rule(
        r"(?i)\b(?:works? (?:at|for)|employed (?:at|by)|employer|job at|retired from|teaches at|attends|"
        r"enrolled at|student at|goes to|occupation:?[^\n]{0,20} at)\s?:?\s((?-i:"
        + _WORD
        + r"(?:"
        + _GAP
        + r"(?:"
        + _LINK
        + _GAP
        + r")?"
        + _WORD
        + r"){0,4}))",
        PhiLabel.ORG,
        0.65,
        _is_titled,
    ),
)


def find(view: View) -> Iterator[Span]:
    """Yield pattern finds, then what the NER component calls an organisation and the vocabulary does not know."""
    yield from find_by_rules(RULES, view, NAME)
    for start, end, kind in view.entities:
        if kind == "ORG" and _looks_like_one(view.folded[start:end]):
            yield Span(start=start, end=end, label=PhiLabel.ORG, score=0.4, recognizer="ner")


def _looks_like_one(surface: str) -> bool:
    words = [w for w in _WORDS.findall(surface) if len(w) > 2]
    strange = [w for w in words if w[0].isupper() and not w.isupper() and not is_plain(w)]
    return "\n" not in surface and len(strange) >= 2 and not any(c.isdigit() for c in surface)
