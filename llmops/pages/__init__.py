"""HTML pages: base template, style sheet and charts; every page is self-contained and fetches nothing.

This package holds the templates of all pages. The package that a page is about prepares its content.
"""

from llmops.pages.rendering import render

__all__ = ["render"]
