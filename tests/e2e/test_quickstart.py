"""The bundled cohort through the whole pipeline: what the demo promises, and no planted identifier anywhere."""

import json
import re
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from llmops import open_release

ROOT = Path(__file__).resolve().parents[2]
CANARIES = json.loads((ROOT / "recipes" / "data" / "quickstart-canaries.json").read_text())
KINDS = [kind for kind, values in CANARIES.items() if isinstance(values, list)]


@pytest.fixture(scope="module")
def written(quickstart) -> str:
    """Everything outside the raw zone as text: the terminal, every file by its bytes, Parquet by its rows."""
    texts = [quickstart.stdout, quickstart.stderr]
    for path in sorted(quickstart.output.rglob("*")):
        texts.append(str(path.relative_to(quickstart.output)))
        if path.suffix == ".parquet":
            texts += [json.dumps(row, default=str) for row in pq.read_table(path).to_pylist()]
        elif path.is_file() and path.suffix != ".npy":
            texts.append(path.read_bytes().decode("utf-8", "replace"))
    return "\n".join(texts).lower()


def test_the_demo_succeeds_and_says_what_it_did(quickstart):
    """Counts, reasons, findings, score, release, an answer with a citation, evaluation and audit verdict."""
    assert quickstart.returncode == 0, quickstart.stderr
    for words in (
        "read",
        "released",
        "withheld, by reason",
        "identifiers found",
        "mean quality",
        "cases passed",
        "intact",
    ):
        assert words in quickstart.stdout
    assert quickstart.release.name in quickstart.stdout
    assert re.search(r"A: .*\[r[0-9a-f]{20}\.[0-9a-f]{12}#\d+\]", quickstart.stdout, re.DOTALL)


def test_every_record_is_accounted_for(quickstart):
    """Read is released plus withheld; the withheld stand in the release with their reasons."""
    counts = json.loads((quickstart.output / "summary.json").read_text())["counts"]
    release = open_release(quickstart.release, (quickstart.release_key,))
    assert counts["read"] == counts["released"] + counts["withheld"]
    assert len(release) == counts["released"]
    assert sum(1 for _ in release.withheld()) == counts["withheld"]


def test_planted_trouble_is_withheld_for_its_reason(quickstart):
    """Each broken record of the cohort has its own reason; COHORT.md lists them."""
    reasons = json.loads((quickstart.output / "summary.json").read_text())["withheld"]["by_reason"]
    for reason in (
        "bad_attachment", "bad_row", "compression_ratio", "doctype_refused", "duplicate", "empty", "encrypted",
        "external_attachment", "near_duplicate", "no_subject", "path_escape", "truncated", "unknown_format",
        "unsupported_attachment",
    ):  # fmt: skip
        assert reasons.get(reason, 0) >= 1, reason


@pytest.mark.parametrize("kind", KINDS)
def test_no_planted_identifier_is_in_anything_a_run_writes(written, kind):
    """Names, numbers, addresses, e-mails, file names, dates of birth: nowhere outside the raw zone."""
    found = [value for value in CANARIES[kind] if re.search(rf"(?<!\w){re.escape(value.lower())}(?!\w)", written)]
    assert not found


def test_one_patient_has_one_pseudonym_in_every_format(quickstart):
    """Fourteen patients, and no more pseudonyms than patients."""
    release = open_release(quickstart.release, (quickstart.release_key,))
    documents = list(release.documents())
    assert 10 <= len({document.subject for document in documents}) <= 14
    formats = {}
    for document in documents:
        formats.setdefault(document.subject, set()).add(document.provenance.format)
    assert max(len(kinds) for kinds in formats.values()) >= 4


def test_the_report_is_one_self_contained_page(quickstart):
    """No script, no reference to anything outside of it."""
    page = (quickstart.output / "report.html").read_text()
    assert "<script" not in page
    assert not re.search(r"(src|href)\s*=", page)
    assert "From read to released" in page


def test_the_report_renders_in_a_real_browser(quickstart, tmp_path):
    """Headless Chromium draws it and finds the figures in it."""
    chromium = next((p for p in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(p).exists()), None)
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    page = quickstart.output / "report.html"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path}"]  # fmt: skip
    drawn = subprocess.run([chromium, *flags, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120)
    assert "identifiers found in released documents" in drawn.stdout
    picture = tmp_path / "page.png"
    subprocess.run([chromium, *flags, "--window-size=1200,1600", f"--screenshot={picture}", page.as_uri()],
                   capture_output=True, timeout=120, check=True)  # fmt: skip
    assert picture.stat().st_size > 20_000


def test_search_finds_the_passage_and_logs_no_query(cli, quickstart, tmp_path):
    """A question about a planted fact is answered from the right passage; the log holds its length only."""
    copy = quickstart.copy(tmp_path)
    done = cli("search", copy.release, "left ventricular ejection fraction", "--key", copy.release_key, "--json")
    assert done.returncode == 0, done.stderr
    assert any("jection fraction" in hit["text"] for hit in json.loads(done.stdout)[:3])
    log = b"".join(path.read_bytes() for path in (copy.output / "audit").iterdir())
    assert b"ventricular" not in log
    assert b'"kind":"query"' in log


def test_eval_compares_with_an_earlier_result(cli, quickstart, tmp_path):
    """The same release and suite: no regression, exit 0."""
    copy = quickstart.copy(tmp_path)
    first = cli(
        "eval", "quickstart", "--release", copy.release, "--key", copy.release_key, "--out", tmp_path / "first.json"
    )
    assert first.returncode == 0, first.stdout + first.stderr
    again = cli("eval", "quickstart", "--release", copy.release, "--compare", tmp_path / "first.json", "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout)["comparison"]["regressed"] is False
