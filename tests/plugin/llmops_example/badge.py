"""A recognizer: badges of the staff of one hospital, in Presidio's own terms."""

from presidio_analyzer import Pattern, PatternRecognizer


def make() -> PatternRecognizer:
    return PatternRecognizer(
        supported_entity="STAFF_BADGE", name="badge", patterns=[Pattern("badge", r"\bQX[a-z]{3}\b", 0.7)]
    )
