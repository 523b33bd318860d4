"""Represent a patient's age as a typed value, alike in every format."""

from llmops.documents import Field, FieldPhi
from llmops.phi import OLDEST_AGE, PhiLabel


def age_field(birth_date: str, time: str) -> Field | None:
    """Return the age in full years at a point in time, as AGE90 above 89 (164.514(b)(2)(i)(C)).

    Args:
        birth_date: ISO 8601. PHI.
        time: ISO 8601 time of the encounter or report. PHI.
    """
    born, then = _parts(birth_date), _parts(time)
    if born is None or then is None or then < born:
        return None
    years = then[0] - born[0] - (then[1:] < born[1:])
    return Field(name="Patient.age", value=years, unit="a", phi=PhiLabel.AGE90 if years > OLDEST_AGE else FieldPhi.NONE)


def _parts(time: str) -> tuple[int, int, int] | None:
    year, month, day = time[:4], time[5:7] or "1", time[8:10] or "1"
    return (int(year), int(month), int(day)) if year.isdigit() and month.isdigit() and day.isdigit() else None
