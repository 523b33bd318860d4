"""Names of patients, relatives, clinicians and clerks, including initials and user names, 164.514(b)(2)(i)(A)."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from llmops.deid.detect.recognizers.names.name_checks import (
    WORDS,
    all_strange,
    given_first,
    has_strange,
    initial_and_name,
    is_cell,
    is_eponym,
    is_first_name,
    is_given,
    is_hl7_name,
    is_initials,
    is_listed,
    is_numbered_name,
    is_titled,
    is_unusual_word,
    is_user,
    mostly_strange,
    strange_run,
    titled_run,
)
from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.spans import Span, View
from llmops.deid.vocabulary import word_set
from llmops.deid.vocabulary.given_names import GIVEN_NAMES
from llmops.deid.vocabulary.words import COMMON_WORDS
from llmops.phi import PhiLabel

NAME: Final = "name"
LABEL: Final = PhiLabel.NAME

_W: Final = r"(?:(?:Mc|Mac|O'|D'|L'|Al-|al-|El-|Ben-)?[A-Z~][A-Za-z~]*(?:[01][A-Za-z~]+)*(?:[-'][A-Za-z~]+)*)"
_I: Final = r"(?:[A-Z]\.?)"
_PARTICLE: Final = (
    r"(?:de la|de los|del|de|da|dos|di|la|le|van der|van den|van de|van|von|der|den|ter|ten|bin|ibn|"
    r"ben|bint|al|el|st\.?|St\.?|y|e)"
)
_MORE: Final = r"(?:[ \t](?:" + _PARTICLE + r"[ \t])?(?:" + _W + r"|" + _I + r")){0,3}"
_FULL: Final = r"(?:" + _W + _MORE + r")"
_LAST_FIRST: Final = (
    r"(?:" + _W + r"(?:[ -]" + _W + r"){0,2},[ \t]{0,2}" + _W + r"(?:[ \t](?:" + _W + r"|" + _I + r")){0,2})"
)
CREDENTIAL: Final = (
    r"(?:M\.?D\.?|D\.?O\.?|R\.?N\.?|N\.?P\.?|PA-?C?|LPN|LVN|CNA|MA|CMA|RMA|DPM|DDS|DMD|OD|PhD|Ph\.D\.|"
    r"PsyD|PharmD|RPh|CNM|CNS|CRNA|FNP(?:-?[A-Z]{1,2})?|"
    r"AGNP|ACNP|APRN|ARNP|DNP|MSN|BSN|LCSW|LMSW|MSW|LICSW|CSW|LPC|LMFT|RD|RDN|LD|PT|DPT|OT|OTR(?:/L)?|"
    r"COTA|PTA|SLP|CCC-SLP|RT|RRT|CRT|RDMS|RDCS|"
    r"RVT|CGC|MS|MBBS|FRCS|FACS|FACC|FAAP|MRCP|FRCP|EMT(?:-?[PB])?|NREMT|MLT|MLS|MT|CPhT|BCBA|AuD|"
    r"CCRN|CRC|CCRC|CHW|CHR|Jr|III|PGY-?\d|PGY|MS[34]|DVM|"
    r"RMT|CD|IBCLC|CPNP|PMHNP|WHNP|CWOCN|JD|EdD|MPH)"
)
_TITLE: Final = (
    r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Drs|Doctor|Prof|Professor|Sr|Sra|Srta|Dra|Dona|Don|Rev|Reverend|Fr|"
    r"Father|Pastor|Rabbi|Imam|Sister|Brother|Nurse|Sgt|"
    r"Officer|Ofc|Det|Detective|Deputy|Chaplain|Capt|Captain|Lt|Cpl|Coach|Aunt|Auntie|Uncle|Tia|Tio|"
    r"Grandma|Grandpa|Nana|Ate|Kuya|Judge|Lady|Herr|Frau|Mme|"
    r"MR|MRS|MS|MISS|DR|DRS|DOCTOR|NURSE|REV)"
)
_KIN: Final = (
    r"(?:son|daughter|wife|husband|spouse|partner|mother|father|mom|mum|dad|sister|brother|aunt|uncle|"
    r"niece|nephew|cousin|grandson|granddaughter|"
    r"grandmother|grandfather|grandma|grandpa|stepson|stepdaughter|stepmother|stepfather|fiancee?|"
    r"girlfriend|boyfriend|friend|neighbor|neighbour|caregiver|"
    r"caretaker|roommate|sitter|dtr|dau|hubby|sib|twin|ex|ex-wife|ex-husband|son-in-law|"
    r"daughter-in-law|sister-in-law|brother-in-law|mother-in-law|"
    r"guardian|proxy|hcp|poa|dog|baby|nurse|aide|rn|pca|cna|interpreter|doula|midwife|pharmacist|"
    r"therapist|resident|fellow|attending|intern|surgeon|scribe|"
    r"tech|technologist|anesthesiologist|hospitalist|coordinator|counselor|chaplain|manager|secretary|"
    r"clerk|dietitian|physio|student|navigator|paramedic|medic|pi|"
    r"sonographer|transcriptionist|phlebotomist|supervisor|foreman|teacher|principal|coach|lawyer|"
    r"attorney|landlord|boss|driver|cm|sw|rt|ot|pt|slp|crna|np|pa|md)"
)
_CLOSE_KIN: Final = (
    r"(?:son|daughter|wife|husband|mother|father|mom|dad|sister|brother|aunt|uncle|niece|nephew|cousin|grandson|"
    r"granddaughter|grandmother|grandfather|girlfriend|boyfriend|fiancee?|dtr|neighbor|roommate|friend|partner)"
)
_LABEL: Final = (
    r"(?:patient(?: name)?|pt(?: name)?|name|full name|provider|attending|author|signed|signed by|"
    r"e-?signed(?: by)?|electronically signed(?: by)?|dictated(?: by)?|dictator|"
    r"transcribed(?: by)?|typed by|reviewed by|read by|verified by|ordered by|ordering(?: provider| "
    r"md| physician)?|referring(?: md| provider| physician)?|referred by|"
    r"requested by|requesting|performed by|collected by|interpreted by|cosigned(?: by)?|co-signed by|"
    r"approved by|reported by|prepared by|submitted by|entered by|"
    r"faxed by|called (?:to|by)|notified|informed|spoke (?:to|with)|discussed with|d/w|per|seen by|"
    r"paged|pcp|primary|surgeon|assistant|anesthesia|anesthesiologist|"
    r"cardiologist|pathologist|radiologist|physician|doctor|consultant|resident|fellow|intern|nurse|"
    r"rn|tech|technologist|technician|operator|observer|witness|interpreter|"
    r"guarantor|subscriber|insured|emergency contact|next of kin|nok|contact|guardian|mother|father|"
    r"spouse|parent|informant|historian|escort|caller|sender|from|to|attn|"
    r"attention|cc|re|dear|hi|hello|hey|thanks|regards|sincerely|cheers|scribe|clerk|initials|sig|"
    r"signature|by|md|dr|dob/name|decedent|member|client|student|employee|"
    r"investigator|pi|coordinator|site contact|proband|sonographer|midwife|therapist|counselor|social "
    r"worker|sw|cm|case manager|pharmacist|dispensed by|rph|user|baby|"
    r"infant|newborn|donor|recipient|veteran|inmate|passenger|driver|victim|subject|family|staff|crew|"
    r"medic|requestor|recorder|circulator|scrub|chaplain|charge)"
)
_OUTER: Final = word_set("outer")


_NO_INITIAL: Final = re.compile(
    r"(?:M\. ?D|D\. ?[ODV]|R\. ?N|N\. ?P|P\. ?A|M\. ?Ed|J\. ?D)\b|[MF] {1,3}\d{1,3}\b|I [a-z]"
)
"""A credential, sex before age, or a first-person statement."""
_LINE: Final = r"(?:^|\n)[ \t]*"

RULES: Final = Rules(
    PatternRule(
        r"\b" + _TITLE + r"\b\.?[ \t]{1,2}((?:" + _PARTICLE + r"[ \t])?" + _FULL + r")",
        PhiLabel.NAME,
        0.92,
        is_titled,
        titled_run,
    ),
    PatternRule(r"\bDrs\.?[ \t]" + _FULL + r",? (?:and|&) (" + _FULL + r")", PhiLabel.NAME, 0.9),
    PatternRule(
        r"(?i)\b(?:dr|mrs?|ms|miss|doc|nurse|drs)\b\.?[ \t]{1,2}([a-z~]{2,}(?:[-'][a-z~]+){0,2})",
        PhiLabel.NAME,
        0.75,
        all_strange,
    ),
    PatternRule(
        r"\b(" + _FULL + r")(?:,[ \t]{0,2}|[ \t]{1,2}\(?|\()" + CREDENTIAL + r"\b", PhiLabel.NAME, 0.82, has_strange
    ),
    PatternRule(r"\b(" + _LAST_FIRST + r"),?[ \t]{1,2}" + CREDENTIAL + r"\b", PhiLabel.NAME, 0.82, has_strange),
    PatternRule(
        r"(?i)\b" + _LABEL + r"[ \t]{0,3}[:=.#)>|-]{1,10}[ \t]{0,14}((?-i:" + _LAST_FIRST + r"))",
        PhiLabel.NAME,
        0.82,
        has_strange,
    ),
    PatternRule(
        r"(?i)\b" + _LABEL + r"[ \t]{0,3}[:=.#)>|]{1,10}[ \t]{0,14}((?-i:" + _FULL + r"))",
        PhiLabel.NAME,
        0.8,
        mostly_strange,
        titled_run,
    ),
    PatternRule(r"(?i)\b" + _LABEL + r"[ \t]{1,8}((?-i:" + _LAST_FIRST + r"))", PhiLabel.NAME, 0.8, has_strange),
    PatternRule(
        r"(?i)\b" + _LABEL + r"[ \t]{1,12}((?-i:" + _FULL + r"))", PhiLabel.NAME, 0.62, all_strange, strange_run
    ),
    PatternRule(
        r"\b([A-Z~]{2,}(?:[-' ][A-Z~]{2,}){0,2},[ \t]{0,2}[A-Z~][A-Za-z~]+(?:[-' ][A-Z~][A-Za-z~]*\.?){0,2})",
        PhiLabel.NAME,
        0.72,
        is_listed,
        strange_run,
    ),
    PatternRule(_LINE + r"(" + _LAST_FIRST + r")", PhiLabel.NAME, 0.6, all_strange),
    PatternRule(r"\b([A-Z][a-z]+(?:-[A-Z][a-z]+)?, [A-Z][a-z]+(?: [A-Z]\.?)?)\b", PhiLabel.NAME, 0.5, all_strange),
    PatternRule(
        r"(?i)\b" + _KIN + r"(?:'s)?[ ,(:-]{1,3}\(?((?-i:" + _W + r"(?:[ \t](?:" + _W + r"|" + _I + r")){0,2}))",
        PhiLabel.NAME,
        0.7,
        all_strange,
        strange_run,
    ),
    PatternRule(r"(?i)\b" + _KIN + r"[ \t]?\(((?-i:" + _W + r"))[,)]", PhiLabel.NAME, 0.8, all_strange),
    PatternRule(
        r"(?i)\b(?:widow(?:er)?|wife|husband|son|daughter|dtr|child|baby|infant|mother|mom|father|dad|sister|brother|"
        r"grandson|granddaughter|partner|spouse|estate|care|c/o) of ((?-i:" + _FULL + r"))",
        PhiLabel.NAME,
        0.83,
        all_strange,
        strange_run,
    ),
    PatternRule(
        r"(?:^|\n)[ \t]*(?:--?|~|/s/|//|s/)[ \t]*(" + _FULL + r")[ \t]*(?:,[^\n]{0,40})?(?:\n|$)",
        PhiLabel.NAME,
        0.7,
        mostly_strange,
    ),
    PatternRule(
        r"\"(" + _W + r"(?:[ ,]{1,2}(?:" + _W + r"|" + _I + r")){0,3})\"(?:[,;|\t\n]|$)",
        PhiLabel.NAME,
        0.5,
        is_cell,
    ),
    PatternRule(r"\b" + _CLOSE_KIN + r",? \(?([A-Z][a-z]{2,})\b", PhiLabel.NAME, 0.6, is_first_name),
    PatternRule(
        r"(?:^|\n)[ \t]*\[?\d{1,2}:?\d\d(?: ?[APap][Mm])?\]?[ \t]{1,3}(?:- )?([A-Za-z~]{3,}(?: "
        r"[A-Z][a-z]+)?)(?::|[ \t]*\n)",
        PhiLabel.NAME,
        0.6,
        all_strange,
    ),
    PatternRule(
        r"(?:^|\n|[.!?] {1,2})([A-Z][a-z~]{2,}) (?:is an? \d|says|said|reports?|reported|denies|denied|"
        r"states|stated|wants|lives|"
        r"called|asked|told|thinks|feels|presented|agrees|declined|works|came|tolerated|has been)\b",
        PhiLabel.NAME,
        0.5,
        all_strange,
    ),
    PatternRule(r"\b[IV]{1,4}-\d{1,2}:? ([A-Z][a-z~]{2,})\b", PhiLabel.NAME, 0.6, all_strange),
    PatternRule(r"\b([A-Z][a-z~]{2,}) \(\d{1,2}\)", PhiLabel.NAME, 0.5, all_strange),
    PatternRule(r"[(:,] ?([A-Z][a-z~]{3,}-[A-Z][a-z~]{2,})[),;.\n]", PhiLabel.NAME, 0.76, all_strange),
    PatternRule(r"\(([a-z]{5,})\)", PhiLabel.NAME, 0.45, all_strange),
    PatternRule(
        r"(?i)\b(?:signed by|author|dictated by|typed|entered by|reviewed by)[: "
        r"]{1,3}([a-z][a-z0-9.]{3,20})\b",
        PhiLabel.NAME,
        0.6,
        all_strange,
    ),
    PatternRule(r"\n([a-z~]{3,12}): ", PhiLabel.NAME, 0.6, all_strange),
    PatternRule(r"\b([A-Z][a-z~]{2,}(?:[ -][A-Z][a-z~]{2,}){1,3})\b", PhiLabel.NAME, 0.5, all_strange, strange_run),
    PatternRule(r"[a-z]{2,} ([A-Z][a-z~]{2,})(?:'s)?(?:[.,;:)]|[ \t]*\n|$)", PhiLabel.NAME, 0.45, all_strange),
    PatternRule(r"[(\"]([A-Z][a-z~]{2,})(?:[\",)]| \(| \d)", PhiLabel.NAME, 0.45, all_strange),
    PatternRule(r"(?i)\b([a-z]{2,14}) wrote:", PhiLabel.NAME, 0.7, is_initials),
    PatternRule(
        r"(?i)\b(?:its me|it's me|i am|i'm|this is|from|to|w/|with|called|by) ([a-z]{3,})(?: (?:rn|np|md|"
        r"pa|lpn|cna|again|typing)\b)",
        PhiLabel.NAME,
        0.83,
        all_strange,
    ),
    PatternRule(
        r"(?i)\b(?:np|pa|rn|pt|caller|typed|dr) ?:? ((?-i:[a-z]{3,}(?: [a-z]{3,})?))\b",
        PhiLabel.NAME,
        0.5,
        all_strange,
    ),
    PatternRule(
        r"(?i)\b(?:trans(?:cribed)?|typed|dictated|dict)(?: by)?:?[ \t]{1,3}(?:[0-9/.-]{5,10} "
        r"(?:[0-9:]{4,5} )?)?((?-i:[a-z]{2,4}|[A-Z]{2,4}))\b",
        PhiLabel.NAME,
        0.7,
        is_initials,
    ),
    PatternRule(r"(?:^|\n)([a-z]{2,3}) \d{1,2}/\d{1,2}", PhiLabel.NAME, 0.6, is_initials),
    PatternRule(r"(?:[.)?!]|>)[ \t]{1,4}([A-Z]{2})[ \t]*\n", PhiLabel.NAME, 0.55, is_initials),
    PatternRule(
        r"(?i)\b(?:charge|house sup|fellow|intern|resident|rn|tech|clerk|sup|sitter|aide|float|lead|"
        r"scribe|perfusion|adjuster|officer|cosigned|per|dr|doc) =? ?([a-z]{3,})\b",
        PhiLabel.NAME,
        0.5,
        all_strange,
    ),
    PatternRule(
        r"(?i)\b(?:named|called|nickname[d]?|goes by|known as|aka|a\.k\.a\.|prefers|pref|i am|i'm|my name "
        r"is|this is)[ :]{1,2}[\"']?((?-i:" + _W + r"(?:[ \t]" + _W + r"){0,2}))",
        PhiLabel.NAME,
        0.7,
        all_strange,
        strange_run,
    ),
    PatternRule(
        r"(?:^|[^A-Za-z0-9.])((?:[A-Z]\.[ \t]?){1,3}" + _W + r")\b",
        PhiLabel.NAME,
        0.65,
        initial_and_name,
    ),
    PatternRule(r"\b(" + _W + r"[ \t][A-Z]\.[ \t]" + _W + r")\b", PhiLabel.NAME, 0.8, has_strange),
    PatternRule(r"\b([A-Z][a-z~]{2,}(?:-[A-Z][a-z]+)?[ \t][A-Z]\.)(?:[^A-Za-z]|$)", PhiLabel.NAME, 0.6, all_strange),
    PatternRule(
        r"\b([A-Z~][A-Za-z~']{1,}(?:-[A-Z][a-z]+)?(?:[ \t](?:" + _PARTICLE + r"[ \t])?[A-Z~][A-Za-z~'-]+){1,2})\b",
        PhiLabel.NAME,
        0.66,
        given_first,
    ),
    PatternRule(
        r"\b([A-Z][a-z]{2,})\b",
        PhiLabel.NAME,
        0.6,
        lambda f, s, e: f[s:e].lower() in GIVEN_NAMES and f[s:e].lower() not in COMMON_WORDS,
    ),
    PatternRule(
        r"(?:^|[.!?:]|\n)[ \t]{0,4}([A-Z][A-Za-z'-]{2,30}\d{0,4}(?: [A-Z][A-Za-z'-]{1,30}\d{0,4}){0,2}) (?:is|was) an? "
        r"(?:\d{1,3}|[a-z]{3,9}(?:-[a-z]{3,5})?)[- ](?:year|yr|yo\b|y/o|month|week|day)",
        PhiLabel.NAME,
        0.85,
        all_strange,
    ),
    PatternRule(
        r"\b([a-z]{3,20}(?: [a-z]{3,20})?) is an? \d{1,3}[- ]{0,3}(?:year|yr|yo\b|y/o|month|week|day)",
        PhiLabel.NAME,
        0.99,
        is_given,
    ),
    PatternRule(
        r"\b(?:hi|hey|hello|so|okay|ok|well|alright|right|now|thanks|thank you|yes|no|morning|afternoon|bye) ?, ?"
        r"([a-z]{3,20}) ?[,.!?]",
        PhiLabel.NAME,
        0.99,
        is_given,
    ),
    PatternRule(r"\b" + _CLOSE_KIN + r"(?:,? is|,)? ([a-z]{3,20})\b", PhiLabel.NAME, 0.99, is_given),
    PatternRule(
        r"\b([A-Z][a-z]{3,20}\d{2,3})\b",
        PhiLabel.NAME,
        0.85,
        is_numbered_name,
    ),
    PatternRule(r"\b([A-Z][A-Za-z'-]{1,30}(?:\^[A-Z][A-Za-z'-]{0,30}){1,3})", PhiLabel.NAME, 0.85, is_hl7_name),
    PatternRule(
        r"(?i)\b(?:user(?:name)?|usr|uid|login|logged in by|by user|viewed by|printed by|opened by|acct "
        r"user|lbl by)\s?[:=]?\s?\"?([a-z][a-z0-9]*[._-]?[a-z0-9_]{2,20})\b",
        PhiLabel.NAME,
        0.7,
        is_user,
    ),
    PatternRule(r"(~{1,30}(?:[ .'-]{1,2}~{1,30}){0,4})", PhiLabel.NAME, 0.7),
    PatternRule(r"(?:^|[^A-Za-z0-9_])([A-Za-z](?:_[A-Za-z]){3,39})(?:[^A-Za-z0-9_]|$)", PhiLabel.NAME, 0.9),
    # Dictation lines and sign-offs: "pd/jkl", "MAL:gc", "D: 03/14/24 T: 03/15/24 jkl", initials alone on the last line.
    PatternRule(
        r"(?:^|\n|[ \t\d])([A-Za-z]{2,4}[/:][a-z]{2,4})[ \t]*(?:\n|$|[ \t]{2,})", PhiLabel.NAME, 0.75, is_initials
    ),
    PatternRule(
        r"(?i)\bT: ?[0-9/.-]{5,10}(?: [0-9:]{4,8})?[ \t]{1,6}([A-Za-z]{2,4}(?:/[A-Za-z]{2,4})?)\b", PhiLabel.NAME, 0.8
    ),
    PatternRule(
        r"\n[ \t]*[-~/]{0,2}[ \t]?([a-z]{2,3}(?:[/:][a-z]{2,4})?)[ \t]*(?:\n[ \t]*)*$",
        PhiLabel.NAME,
        0.83,
        is_initials,
    ),
    PatternRule(
        r"(?:[.;,)]|\d)[ \t]{1,3}[-/]{1,2}[ \t]?([A-Za-z]{2,3})[ \t]*(?:\n|$)", PhiLabel.NAME, 0.7, is_initials
    ),
    PatternRule(
        r"\n[ \t]*[-/]{0,2}[ \t]?([A-Z]{2,3}(?:/[A-Za-z]{2,3})?)[ \t]*(?:\n[ \t]*)*$", PhiLabel.NAME, 0.83, is_initials
    ),
    PatternRule(r"[.!?)][ \t]{1,2}([a-z]{2,3}|[A-Z]{2,3})[ \t]*(?:\n[ \t]*)*$", PhiLabel.NAME, 0.55, is_initials),
    PatternRule(
        r"(?i)\b(?:by|initials?|sig|tech|rn|scribe|per|init|ck'?d|verified)[: .]{1,3}((?-i:[A-Z]{2,3}|"
        r"[a-z]{2,3}))(?:[ \t]*(?:\n|$)|[,;)/|])",
        PhiLabel.NAME,
        0.6,
        is_initials,
    ),
)


def find(view: View) -> Iterator[Span]:
    """Yield pattern findings, then the NER component's persons without non-name words."""
    for span in RULES.find(view, NAME):
        if any(c.isalpha() for c in view.text[span.start : span.end]):  # a literal tilde is no letter
            yield from _trimmed(view, span)
    for start, end, kind in view.entities:
        if kind == "PERSON":
            yield from _vetted(view, start, end)


def _trimmed(view: View, span: Span) -> Iterator[Span]:
    """Cut titles, credentials and form labels off both ends."""
    stop = span.end - 2 if view.folded.endswith(("'s", "'S"), 0, span.end) else span.end
    words = list(WORDS.finditer(view.folded, span.start, stop))
    if len(words) < 2:
        yield span if stop == span.end else replace(span, end=max(stop, span.start + 1))
        return
    last = words[-1].end()
    while words and (words[-1].group().lower() in _OUTER or _NO_INITIAL.match(view.folded, words[-1].start())):
        words.pop()
    while words and words[0].group().lower() in _OUTER and words[0].group() != "Pa":  # a given name; PA is a job
        words.pop(0)
    if words:
        start, end = words[0].start(), stop if words[-1].end() == last else words[-1].end()
        yield span if (start, end) == (span.start, span.end) else replace(span, start=start, end=end)


def _vetted(view: View, start: int, end: int) -> Iterator[Span]:
    """Cut dictionary words, eponyms and drugs off both ends of a network person."""
    surface = view.folded[start:end].split("\n", 1)[0]
    words = [m for m in WORDS.finditer(surface) if len(m.group()) > 1]
    kept = [m for m in words if is_unusual_word(m.group()) and m.group()[0].isupper()]
    if not kept or any(c.isdigit() for c in surface) or is_eponym(view.folded, start, start + kept[-1].end()):
        return
    shouting = all(m.group().isupper() for m in kept) and all(len(m.group()) < 6 for m in kept)
    if not shouting:
        yield Span(
            start=start + kept[0].start(), end=start + kept[-1].end(), label=PhiLabel.NAME, score=0.5, recognizer="ner"
        )
