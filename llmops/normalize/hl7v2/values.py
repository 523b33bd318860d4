"""Read single HL7 v2 fields: readable text, typed value, code and ISO time."""

import re
from typing import Final

from llmops.documents import Field, FieldPhi
from llmops.normalize.hl7v2.code_tables import meaning
from llmops.normalize.hl7v2.fields import CODE_SYSTEMS, CODED, NUMBERS, PHI_OF_DATATYPE, SYSTEM_NAME, TIMES
from llmops.normalize.hl7v2.segments import FieldText
from llmops.normalize.hl7v2.shapes import misplaced, shape_of
from llmops.normalize.text.cleaning import clean
from llmops.normalize.text.hl7_times import iso_time
from llmops.phi import PhiLabel

_NUMBER: Final = re.compile(r"[+-]?(?:\d{1,15}(?:\.\d{0,12})?|\.\d{1,12})")
_SHORTEST_NAME: Final = 4
"""Table codes (``"F"``, ``"ADM"``) are shorter than any name worth searching for."""

_CODE: Final = re.compile(r"[A-Za-z0-9_.:/+\-]{1,32}")
_UNIT: Final = re.compile(r"[A-Za-z0-9%\[\]{}()/*.^#'\-µμ°]{1,24}")
_NUMERIC_TEXT: Final = re.compile(r"[\d\s.,<>=:/+_\-–^%]{1,60}")


def number(value: str) -> int | float | None:
    """Return a number if the value is exactly one."""
    value = value.strip()
    if _NUMBER.fullmatch(value) is None:
        return None
    return float(value) if "." in value else int(value)


def code_of(field: FieldText) -> str:
    """Return a coded field as ``system|code``, the first of its two codings with a known system; else ``""``."""
    for code_at, system_at in ((1, 3), (4, 6)):
        code, system = field.component(code_at), field.component(system_at)
        if system and _CODE.fullmatch(code):
            known = CODE_SYSTEMS.get(system.upper())
            if known is not None:
                return f"{known}|{code}"
    code, system = field.component(1), field.component(3)
    return f"{system}|{code}" if _CODE.fullmatch(code) and SYSTEM_NAME.fullmatch(system) else ""


def loinc_of(field: FieldText) -> str:
    """Return the LOINC code of a coded field, or ``""``."""
    system, _, code = code_of(field).partition("|")
    return code if system == CODE_SYSTEMS["LN"] else ""


def coded_text(field: FieldText) -> str:
    """Return a coded field's display: the first of text, original text, alternate text and code present.

    Empty if it holds a person or an identifier instead.
    """
    if shape_of(field, sure=True) is not None:
        return ""
    return next((text for n in (2, 9, 5, 1, 4) if (text := field.component(n))), "")


def readable(field: FieldText, datatype: str, name: str = "") -> str:
    """Return one repetition of a field as readable text; empty if its content does not match its datatype.

    Args:
        field: the repetition. PHI.
        datatype: its datatype.
        name: the field in HL7's terms, e.g. ``"PV1-2"``, if HL7 has a table for it.
    """
    if misplaced(field, datatype) is not None:
        return ""
    if said := meaning(name, field)[0]:
        return said
    if datatype in CODED:
        return coded_text(field)
    if datatype in TIMES:
        value = field.component(1)
        return iso_time(value).replace("T", " ") or value
    if datatype == "SN":
        return "".join(field.components()[:4])
    if datatype == "CQ":
        return " ".join(filter(None, (field.component(1), field.component(2, 1))))
    if datatype == "DR":
        ends = (iso_time(field.component(n)) or field.component(n) for n in (1, 2))
        return " to ".join(filter(None, ends))
    if datatype in {"TX", "FT", "ST"}:
        return field.text().strip()
    return " ".join(filter(None, field.components()))


def typed(name: str, field: FieldText, datatype: str) -> Field:
    """Return one repetition of a field as a typed value with the PHI class of its datatype.

    A coded field without a public code, or a non-numeric number, was typed by a person and counts as free text. A
    person or identifier under another datatype is treated whole, as what it looks like.

    Args:
        name: the field in HL7's terms, e.g. ``"DG1-3"``.
        field: the repetition. PHI.
        datatype: its datatype.
    """
    if (found := misplaced(field, datatype)) is not None:
        return Field(name=name, value=clean(" ".join(filter(None, field.components()))).text, phi=found)
    said, code = meaning(name, field)
    if said:
        return Field(name=name, value=said, code=code)
    text = clean(readable(field, datatype)).text
    if datatype in NUMBERS and (value := number(text)) is not None:
        return Field(name=name, value=value)
    if datatype in TIMES:
        return Field(name=name, value=iso_time(field.component(1)) or text, phi=PhiLabel.DATE)
    return Field(
        name=name, value=text, phi=_phi(field, datatype, text), code=code_of(field) if datatype in CODED else ""
    )


def plain_unit(text: str) -> str:
    """Return a unit if it looks like one; units are not searched for PHI, so a sentence is none."""
    return text if _UNIT.fullmatch(text) else ""


def numeric_phi(text: str) -> FieldPhi:
    """Return no PHI for a text of digits and signs (``"3.5 - 5.3"``), free text otherwise."""
    return FieldPhi.NONE if _NUMERIC_TEXT.fullmatch(text) else FieldPhi.FREE_TEXT


def _phi(field: FieldText, datatype: str, text: str) -> PhiLabel | FieldPhi:
    """Return the PHI class of a value: its datatype's, or free text in place of a code or number."""
    phi = PHI_OF_DATATYPE.get(datatype, FieldPhi.FREE_TEXT)
    if phi is not FieldPhi.NONE:
        return phi
    if datatype not in CODED:
        return numeric_phi(text)
    # Text beside a code of a public terminology is its display; any other was typed by a person.
    public = code_of(field).startswith(tuple(CODE_SYSTEMS.values()))
    return FieldPhi.NONE if public or len(text) < _SHORTEST_NAME else FieldPhi.FREE_TEXT
