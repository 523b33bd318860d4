"""HTML pages: one base template, one style sheet, charts; every page stands alone and fetches nothing.

The templates of all pages lie here. What a page says is prepared by the package that it is about.
"""

from llmops.pages.rendering import render

__all__ = ["render"]
