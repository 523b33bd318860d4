"""The page of a run: what went through, what was found, what was withheld and why, in one self-contained HTML file."""

from llmops.report.page import render

__all__ = ["render"]
