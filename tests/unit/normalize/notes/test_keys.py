"""Keys are found beside their marks, as if the whole text had been searched for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops.normalize.notes import headers, people
from llmops.normalize.notes.keys import keys

PATTERNS = [
    (headers._KEY, headers._MARK),
    (people._CLINICIAN_KEY, people._MARK),
    (people._RELATIVE_KEY, people._MARK),
]
WORDS = (
    "MRN|Pt|patient name|Name|DOB|date of service|by |signed by |Signed BY |attending physician|mother|SSN|cc|phone"
    "|emergency contact's name (grandmother)**|social security number|:| :|#|**:|: |* |_| |5/22|Rowan Teague|\n"
)
PARTS = st.sampled_from([*WORDS.split("|"), "x" * 50])


@pytest.mark.parametrize("key_and_mark", PATTERNS)
@given(parts=st.lists(PARTS, max_size=14))
def test_the_same_keys_are_found_as_by_a_search_of_the_whole(key_and_mark, parts):
    """Also where one key follows the other, or stands behind a mark that is none of its own."""
    key, mark = key_and_mark
    text = "".join(parts)
    assert [m.span() for m in keys(key, mark, text)] == [m.span() for m in key.finditer(text)]
