"""A quality check: how much of a text is in capitals."""

from llmops.documents import DeidentifiedDocument, Evidence


def check(document: DeidentifiedDocument, policy: object) -> tuple[float, tuple[Evidence, ...]]:
    letters = [letter for letter in document.text if letter.isalpha()]
    share = sum(letter.isupper() for letter in letters) / max(1, len(letters))
    found = (Evidence(rule="shouting", penalty=round(share, 4)),) if share > 0.5 else ()
    return round(1.0 - share, 4), found
