"""Write the evaluation page that shows leaks and over-redactions in context. It holds PHI."""

import os
from pathlib import Path
from typing import Final

from llmops.deid.measure.evaluate import Evaluation
from llmops.errors import SourceError
from llmops.pages import render
from llmops.plain_files import PRIVATE_FILE, open_file

_MOST_SHOWN: Final = 5_000


def write_page(evaluation: Evaluation, path: Path) -> None:
    """Write the page, readable by its owner only.

    Args:
        evaluation: the results. PHI.
        path: output file; must lie in the raw zone.

    Raises:
        SourceError: it cannot be written.
    """
    page = render("measurement.html.jinja", evaluation=evaluation, most=_MOST_SHOWN)
    try:
        descriptor = open_file(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=PRIVATE_FILE)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            os.fchmod(descriptor, PRIVATE_FILE)  # an existing file would keep its mode
            file.write(page)
    except OSError as error:
        raise SourceError(f"evaluation page: cannot be written ({type(error).__name__})") from None
