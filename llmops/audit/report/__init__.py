"""The compliance report: one HTML page about a log, searchable and printable without server or network."""

from llmops.audit.report.write import write_page

__all__ = ["write_page"]
