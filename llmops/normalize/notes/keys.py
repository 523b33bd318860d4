"""Looks for the keys of a note (``MRN:``) only where the mark stands that ends one."""

import re
from collections.abc import Iterator
from typing import Final

_LONGEST_KEY: Final = 44
"""Characters of a key and of what stands between it and its mark, at most."""
_BEHIND: Final = 5
"""Characters of a match from its mark on, at most."""


def keys(key: re.Pattern[str], mark: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Yield what ``key.finditer(text)`` does, in a tenth of the time: prose has few marks.

    Args:
        key: matches no line end and, in at most 44 characters, up to a mark and four more.
        mark: one character or word that every match of ``key`` holds or follows.
        text: PHI.
    """
    done = 0
    for found in mark.finditer(text):
        end = min(found.end() - 1 + _BEHIND, len(text))
        while (match := key.search(text, max(done, found.start() - _LONGEST_KEY), end)) is not None:
            whole = key.match(text, match.start())  # it may go on behind the stretch that was looked at
            assert whole is not None
            yield whole
            done = whole.end()
