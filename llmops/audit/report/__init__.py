"""The compliance report: one HTML page about a log, to be searched and printed with no server and no network."""

from llmops.audit.report.write import write_page

__all__ = ["write_page"]
