"""``llmops search``."""

import json

import pytest
from typer.testing import CliRunner

from llmops.cli.app import app
from llmops.errors import RecipeError
from llmops.release import Release
from llmops.retrieval import RetrievalConfig, build_index, index_folder
from llmops.retrieval.files import file_digests


def test_a_search_takes_the_index_of_the_run_as_it_is(release: Release) -> None:
    """Not a byte of it changes, and it serves as many passages as its recipe said, or as were asked for."""
    build_index(release, index_folder(release), RetrievalConfig(use="bm25", chunk_words=40, k=1))
    before = file_digests(index_folder(release))
    for options, hits in (([], 1), (["-k", "2"], 2)):
        done = CliRunner().invoke(app, ["search", str(release.path), "creatinine", "--json", *options])
        assert done.exit_code == 0, done.output
        assert len(json.loads(done.stdout)) == hits
    assert file_digests(index_folder(release)) == before


@pytest.mark.parametrize("query", ["", " ", "\udcff\udcfe"])
def test_a_blank_search_is_refused(release: Release, query: str) -> None:
    """So is one of bytes that are no UTF-8: it would be answered with any passages."""
    done = CliRunner().invoke(app, ["search", str(release.path), query])
    assert isinstance(done.exception, RecipeError)
