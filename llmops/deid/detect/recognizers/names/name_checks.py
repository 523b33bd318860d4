"""Checks and cuts for the patterns of `names.name`: tell names from the other words of notes."""

import re
from typing import Final

from llmops.deid.vocabulary import word_set
from llmops.deid.vocabulary.given_names import GIVEN_NAMES
from llmops.deid.vocabulary.words import COMMON_WORDS, NEVER_NAMES, SURNAMES_AND_CITIES, is_plain

JOB: Final = word_set("job")
WORDS: Final = re.compile(r"[A-Za-z~]+")
EPONYM_NOUN: Final = re.compile(
    r"(?:'s)?[ ,]{1,2}(?:grade|type|class|stage|staging|score|scale|sign|syndrome|disease|criteria|index|test|maneuver|"
    r"procedure|classification|triad|nodule|node|reflex|phenomenon|method|formula|equation|model|"
    r"neg\b|positive|catheter|"
    r"drain|tube|clamp|retractor|needle|stitch|tumor|cell|body|bodies|ring|I{1,3}[ABC]?\b|IV\b|VI?\b)"
)
_NAMED_AFTER: Final = re.compile(
    r"(?i)(?:-[a-z]{3,20})?(?:'s)?[ \t]{1,2}(?:(?:type|style|modified|frame|hip|cervical|spatial|total|"
    r"bipolar)[ \t])?(?:grade|type|class|stage|staging|scores?|scale|signs?|syndromes?|diseases?|criteria|index|"
    r"tests?|maneuvers?|procedures?|classification|triad|nodules?|nodes?|reflex|phenomenon|method|formula|equation|model|catheters?|"
    r"drains?|tubes?|clamps?|retractors?|needles?|stitch|tumou?rs?|cells?|body|bodies|rings?|prosthes[ie]s|implants?|"
    r"stems?|splints?|braces?|collars?|casts?|dressings?|bandages?|traction|frames?|rods?|pins?|wires?|plates?|screws?|"
    r"nails?|forceps|scissors|knife|blades?|speculum|sutures?|flaps?|grafts?|shunts?|valves?|operation|repair|"
    r"technique|approach|incision|position|murmur|esophagus|oesophagus|palsy|contracture|fractures?|hernia|"
    r"diverticulum|pouch|ulcers?|cysts?|anomaly|malformation|lymphoma|sarcoma|carcinoma|anemia|dystrophy|thyroiditis|"
    r"encephalopathy|protocol|treatment|table|bed|stain|medium|solution|therapy|inventory|questionnaire|checklist|"
    r"attachment|device|laryngoscope|pacemaker|diet|gap|line|lines|space|ligament|fascia|foramen|canal|duct|glands?)\b"
)
NOT_INITIALS: Final = word_set("not_initials")
ADVERB_ENDINGS: Final = (
    "ially", "ously", "ently", "ately", "antly", "ively", "ingly", "fully", "ually", "cally", "edly", "ably", "ibly",
)  # fmt: skip
"""Words that follow a name in dictation (``ms allen initially denied``) and are not part of it."""


def is_unusual_word(word: str) -> bool:
    """Say whether a word is a given name or not in the notes' vocabulary."""
    return word.lower() in GIVEN_NAMES or not is_plain(word)


def has_strange(folded: str, start: int, end: int) -> bool:
    """Require at least one non-dictionary word; a trailing facility word fails."""
    words = [w for w in WORDS.findall(folded[start:end]) if len(w) > 1]
    return bool(words) and any(is_unusual_word(w) for w in words) and words[-1].lower() not in JOB


def mostly_strange(folded: str, start: int, end: int) -> bool:
    """Require at least half of the words to be non-dictionary words."""
    words = [w for w in WORDS.findall(folded[start:end]) if len(w) > 1]
    return bool(words) and sum(map(is_unusual_word, words)) * 2 >= len(words) and words[-1].lower() not in JOB


def all_strange(folded: str, start: int, end: int) -> bool:
    """Require all words to be non-dictionary words, and no eponymous sign, grade or syndrome."""
    words = [w for w in WORDS.findall(folded[start:end]) if len(w) > 1]
    return bool(words) and all(map(is_unusual_word, words)) and not is_eponym(folded, start, end)


def is_numbered_name(folded: str, start: int, end: int) -> bool:
    """Accept a known name with a trailing number, as in synthetic patients (Synthea) and user names."""
    name = folded[start:end].rstrip("0123456789").lower()
    return (name in GIVEN_NAMES or name in SURNAMES_AND_CITIES) and name not in COMMON_WORDS


def is_given(folded: str, start: int, end: int) -> bool:
    """Accept a known given name in lower case, as in speech transcripts (``so , harriet , how are you``)."""
    first = folded[start:end].split(" ", 1)[0]
    return first in GIVEN_NAMES and first not in COMMON_WORDS


def is_cell(folded: str, start: int, end: int) -> bool:
    """Accept a quoted table cell of non-dictionary words; refuse short ones and codes."""
    words = WORDS.findall(folded[start:end])
    return all_strange(folded, start, end) and max(map(len, words), default=0) > 4


def is_eponym(folded: str, start: int, end: int) -> bool:
    """Say whether words name a sign or a scale: ``Kellgren-Lawrence grade 2``, ``Gustilo-Anderson IIIA``."""
    joined = folded[start - 1 : start] == "-" or (folded[end : end + 1] == "-" and folded[end + 1 : end + 2].isalpha())
    return joined or EPONYM_NOUN.match(folded, end) is not None


def is_named_after(folded: str, end: int) -> bool:
    """Say whether a word ending there, or a hyphenated pair, names a device, sign or disease."""
    return _NAMED_AFTER.match(folded, end) is not None


def strange_run(folded: str, start: int, end: int) -> int:
    """Cut after the leading run of non-dictionary words; initials and particles may join."""
    last = start
    for match in WORDS.finditer(folded, start, end):
        word = match.group()
        if len(word) > 2 and not word.islower() and not is_unusual_word(word):
            break
        if len(word) > 1 and is_unusual_word(word):
            last = match.end()
    return end if last > start and not folded[last:end].strip(" .") else last


def titled_run(folded: str, start: int, end: int) -> int:
    """Keep any word after a title; further words if capitalised like a name or non-dictionary."""
    last = start
    for number, match in enumerate(WORDS.finditer(folded, start, end)):
        word = match.group()
        if number and len(word) > 1 and not word.islower() and word.isupper() and not is_unusual_word(word):
            break
        if len(word) > 1 or number == 0:
            last = match.end()
    return end if not folded[last:end].strip(" .") else last


def is_titled(folded: str, start: int, end: int) -> bool:
    """Accept a dictionary word after a title (``Dr. Long``), but no job or number."""
    word = folded[start:end].split(maxsplit=1)[0]
    title = folded[max(0, start - 10) : start].split()[-1:] or [""]
    if title[0] in {"Fr", "FR"} and re.search(r"\d\s?Fr ?\Z", folded[max(0, start - 10) : start]):
        return False
    told = re.match(r" (?:IS|WAS|HAS|HAD|PRESENTS|SAW|SAID)\b", folded[start + len(word) :][:10]) is not None
    if (
        len(title[0]) > 1
        and title[0].isupper()
        and not told
        and not is_unusual_word(word.strip("."))
        and not word.endswith(".")
    ):
        return False
    return word.lower() not in {
        "who",
        "and",
        "or",
        "to",
        "is",
        "in",
        "for",
        "the",
        "on",
        "at",
        "if",
        "was",
        "of",
        "said",
        "will",
    }


def is_listed(folded: str, start: int, end: int) -> bool:
    """Accept ``TRAN, HUE THI``, not ``LDLR, APOB`` or ``OA, KL``: whole non-dictionary words, one of them long."""
    surface = folded[start:end]
    words = WORDS.findall(surface)
    family = surface.split(",")[0]
    known = any(w.lower() in GIVEN_NAMES for w in words)
    return (
        all_strange(folded, start, end)
        and (known or (len(family) > 3 and max(map(len, words)) > 4))
        and not any(c.isdigit() for c in folded[end : end + 1])
    )


def is_hl7_name(folded: str, start: int, end: int) -> bool:
    """Accept ``FAMILY^GIVEN``, not a code with its system (``ADT^A04``, ``HGB^LN``)."""
    family, given = folded[start:end].split("^")[:2]
    whole = not folded[end : end + 1].isalnum() and folded[start - 1 : start] != "-"
    return whole and len(given) > 2 and len(family) > 1 and (is_unusual_word(given) or is_unusual_word(family))


def is_first_name(folded: str, start: int, end: int) -> bool:
    """Accept ``wife Summer``: a capitalised dictionary word after a relative in running text."""
    return folded[start:end].lower() not in NEVER_NAMES and not folded[end : end + 1].isalnum()


def is_user(folded: str, start: int, end: int) -> bool:
    """Refuse a dictionary word or a bare number as a user name."""
    surface = folded[start:end].lower()
    return surface not in COMMON_WORDS and not surface.isdigit()


def is_initials(folded: str, start: int, end: int) -> bool:
    """Refuse common two- and three-letter words and abbreviations of notes."""
    return folded[start:end].lower() not in NOT_INITIALS


def initial_and_name(folded: str, start: int, end: int) -> bool:
    """Accept ``J. Arroyo`` and ``P M Rudge``, not ``S. Aureus``, ``C Difficile`` or a heading letter."""
    surface = folded[start:end]
    words = [word for word in WORDS.findall(surface) if len(word) > 1]
    last = next((word for word in words if is_unusual_word(word)), words[-1] if words else "")
    return (
        len(last) > 2
        and not last.isupper()
        and "." in surface
        and last.lower() not in COMMON_WORDS
        and last.lower() not in NEVER_NAMES
    )


def given_first(folded: str, start: int, end: int) -> bool:
    """Accept words after a known given name; the rest must not all be dictionary words."""
    words = WORDS.findall(folded[start:end])
    first, rest = words[0].lower(), words[1:]
    if first not in GIVEN_NAMES or not rest or rest[-1].lower() in JOB:
        return False
    proper = first not in COMMON_WORDS and len(rest) == 1 and rest[0][0].isupper() and not rest[0].isupper()
    return any(is_unusual_word(w) for w in rest) or (proper and rest[0].lower() not in NEVER_NAMES)
