"""A run's streams are one history, and so are those of the commands that read its release."""

import json

import pytest

from llmops.audit import layout
from llmops.audit.explain import events_in


@pytest.fixture
def finished(cli, notes_recipe, tmp_path):
    """A finished run: recipe, audit folder, the options that name both keys."""
    recipe = notes_recipe(6)
    done = cli("run", recipe)
    assert done.returncode == 0, done.stderr
    keys = tmp_path / "raw" / "keys"
    named = ("--key", keys / "audit-signing.pem", "--key", keys / "release-signing.pem")
    return recipe, tmp_path / "out" / "audit", named


def test_the_main_stream_speaks_of_every_worker_and_readers_are_sealed_by_the_next_run(cli, finished, tmp_path):
    """Intact after the run; a search leaves an unsealed stream; the next run seals it and ties it in."""
    recipe, audit, keys = finished
    sealed = {seen.entry.event.stream for seen in events_in(audit, kinds=("stream_sealed",))}
    workers = {stream for stream in layout.streams(audit) if "-w" in stream}
    assert workers
    assert workers <= sealed
    assert cli("audit", "verify", audit, *keys, "--artifacts").returncode == 0
    (release,) = (tmp_path / "out" / "release").glob("[0-9a-f]*")
    assert cli("search", release, "effusion").returncode == 0
    after = cli("audit", "verify", audit, *keys)
    assert (after.returncode, "unsealed" in after.stdout) == (0, True)  # noted: a reader holds no key
    assert cli("run", recipe).returncode == 0
    # The release was kept, and with it the anchors of the first start; the second start needs a witness of its own.
    assert cli("audit", "anchor", audit, "--out", tmp_path / "witness").returncode == 0
    done = cli("audit", "verify", audit, *keys, "--anchor", tmp_path / "witness", "--artifacts", "--json")
    assert done.returncode == 0, done.stdout
    readers = {stream["stream"]: stream for stream in json.loads(done.stdout)["streams"]}
    assert [stream["sealed"] == stream["events"] for name, stream in readers.items() if name.startswith("reader-")]


def test_a_release_is_explained_proven_and_reported(cli, finished, tmp_path):
    """From the command line, with nothing but the folder and the key; the page names no patient."""
    _, audit, keys = finished
    document = next(seen.entry.event.document_id for seen in events_in(audit, kinds=("document_released",)))
    told = cli("audit", "explain", audit, document)
    assert told.returncode == 0, told.stderr
    assert "released" in told.stdout
    assert "safe_harbor@" in told.stdout
    assert cli("audit", "prove", audit, document, "--out", tmp_path / "proof.json").returncode == 0
    assert cli("audit", "check", tmp_path / "proof.json", *keys).returncode == 0
    assert cli("audit", "report", audit, "--out", tmp_path / "page.html", *keys).returncode == 0
    page = (tmp_path / "page.html").read_text()
    assert "Intact" in page
    for canary in ("Vossberg", "Quillon", "77310", "555-01"):
        assert canary not in page
        assert canary not in told.stdout
