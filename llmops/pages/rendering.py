"""Render a template as a page: everything is escaped, and a policy in the page forbids foreign content."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from llmops.pages.charts import bar, histogram

_STYLE = "style.css"


def render(template: str, *, script: str = "", **values: Any) -> str:
    """Render a page that needs no network and no other file.

    Its Content-Security-Policy allows the style sheet and the script by their hashes, and nothing else. A template
    must therefore contain no ``style`` attribute and no event handler.

    Args:
        template: name of a template of this package; it extends ``base.html.jinja``.
        script: name of the page's only script, from this package; none by default.
        values: values for the template; every string is escaped.

    Raises:
        jinja2.UndefinedError: the template uses a value that is not given.
    """
    style, code = _asset(_STYLE), _asset(script) if script else ""
    page = _environment().get_template(template)
    return page.render(policy=_policy(style, code), style=style, script=code, **values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("llmops.pages", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"bar": bar, "histogram": histogram}
    environment.filters |= {"number": _number, "words": _words}
    return environment


@cache
def _asset(name: str) -> str:
    return files("llmops.pages").joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Return a policy that runs only our script and fetches nothing."""
    scripts = f"script-src {_source(script)}; " if script else ""
    return f"default-src 'none'; {scripts}style-src {_source(style)}; base-uri 'none'; form-action 'none'"


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _number(value: float) -> str:
    return f"{value:,}"


def _words(code: str) -> str:
    return str(code).replace("_", " ")
