"""Every page stands alone, and its policy lets nothing run or be fetched that is not its own."""

import base64
import hashlib
import re
from importlib.resources import files

import pytest
from jinja2 import UndefinedError

from llmops.evaluation import EvaluationResult, to_html
from llmops.pages import render

HOSTILE = '"><script>alert(1)</script>'
TEMPLATES = sorted(path.name for path in files("llmops.pages").iterdir() if path.name.endswith(".jinja"))


def result(suite="s"):
    return EvaluationResult(
        suite=suite, suite_version="1", suite_digest="d", release_id="r", index_digest="i", model="m", currency="",
        cases=(), seconds=(),
    )  # fmt: skip


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_has_no_address_no_style_attribute_and_no_handler(name):
    """The policy would block them without a word."""
    text = files("llmops.pages").joinpath(name).read_text()
    assert not re.search(r"https?:", text)
    assert not re.search(r"<[^>]*\s(style|src|on[a-z]+)=", text)
    assert name == "base.html.jinja" or text.startswith('{% extends "base.html.jinja" %}')


def test_a_page_without_a_script_allows_none():
    """Of styles, the one sheet is allowed by its hash."""
    page = to_html(result())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1].replace("&#39;", "'")
    style = re.search(r"<style>(.*?)</style>", page, flags=re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "<script" not in page


def test_values_are_escaped():
    """In the title, too."""
    page = to_html(result(HOSTILE))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 2


def test_a_value_that_is_not_given_is_an_error():
    """Never an empty place on a page."""
    with pytest.raises(UndefinedError):
        render("evaluation.html.jinja")
