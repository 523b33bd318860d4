"""The compliance report: whole without a network, safe by policy, usable in a browser, and true to the log."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import zlib
from html.parser import HTMLParser

import pytest

from llmops.audit import AuditLog
from llmops.audit.events import (
    DocumentDeidentified,
    DocumentReleased,
    DocumentScored,
    GateDecided,
    Queried,
    RecordRead,
    RecordWithheld,
    ReleasePublished,
    RunFinished,
    RunStarted,
)
from llmops.audit.report import write_page
from llmops.audit.verify.directory import verify
from llmops.documents import Reason, StageName
from llmops.keys import load_or_create_signing_key

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
RECORDS = 60
VERSION = "b5d35e1220c9"


def record_id(i):
    return f"r{hashlib.sha256(str(i).encode()).hexdigest()[:20]}"


def events(i):
    """Every step of one record; each fifth is withheld."""
    record, document = record_id(i), f"{record_id(i)}.{VERSION}"
    yield RecordRead(record_id=record, format="fhir", encoding="utf-8", size=10)
    yield DocumentDeidentified(document_id=document, policy_id="safe_harbor@12", findings=(("name", 2), ("date", 1)))
    yield DocumentScored(document_id=document, score=0.5)
    if i % 5:
        yield DocumentReleased(document_id=document, record_id=record, policy_id="safe_harbor@12", score=0.5)
    else:
        yield RecordWithheld(record_id=record, document_id=document, stage=StageName.DEID, reason=Reason.RESIDUAL_PHI)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A small log and its page: log folder, page, public key."""
    root = tmp_path_factory.mktemp("page")
    signer = load_or_create_signing_key(root / "k" / "a.pem", name="llmops-audit")
    with AuditLog.open(
        root / "audit", stream="main", signer=signer, clock=lambda: 1_700_000_000_000, run_id="run1"
    ) as log:
        log.append([RunStarted(recipe="notes", policy_id="safe_harbor@12", versions=(("code", "77"),))])
        for i in range(RECORDS):
            log.append(list(events(i)))
        log.append([GateDecided(passed=True), ReleasePublished(release_id="ab12", manifest="cd", documents=48)])
        log.append([Queried(release_id="ab12", k=5, query_length=9, hits=(f"{record_id(1)}.{VERSION}",))])
        log.append([RunFinished(read=RECORDS, released=48, withheld=12)])
    facts = write_page(
        root / "audit", root / "page.html", verify(root / "audit", [signer.public]), at=1_700_000_000_000
    )
    assert facts == {"events": log.size, "documents": RECORDS, "runs": 1, "releases": 1}
    return root / "audit", root / "page.html", signer.public


def pages_of(html):
    packed = re.findall(r'<script type="text/plain" id="p\d+">([^<]*)</script>', html)
    return [json.loads(zlib.decompress(base64.b64decode(page))) for page in packed]


def test_every_document_is_on_its_page_with_every_step(world):
    """The page an id belongs to is named by its CRC-32; the record's reading stands with its document."""
    pages = pages_of(world[1].read_text())
    rows = [row for page in pages for row in page]
    assert {row[0] for row in rows} == {record_id(i) for i in range(RECORDS)}
    assert all(len(row[6]) == 4 for row in rows)
    assert sum(row[3] == "released" for row in rows) == 48
    assert sum(row[3] == "residual_phi" for row in rows) == 12
    for number, page in enumerate(pages):
        assert all(zlib.crc32(row[0].encode()) % len(pages) == number for row in page)


def test_counts_stand_in_plain_html(world):
    """Runs, releases, policy, identifiers, reasons, keys and verdict need no script."""
    html = re.sub(r"<script.*?</script>", "", world[1].read_text(), flags=re.DOTALL)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    for said in ("run1", "notes", "ab12", "safe_harbor@12", "name 120", "residual phi", "query", world[2].fingerprint):
        assert said in text, said
    assert "not everything is proven" in text


def test_nothing_is_fetched_and_nothing_runs_but_its_own_script(world):
    """No address on the page; the policy names the hash of the one script and the one style, and forbids the rest."""
    html = world[1].read_text()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        bodies = re.findall(rf"<{tag}>(.*?)</{tag}>", html, flags=re.DOTALL)
        assert len(bodies) == 1
        digest = base64.b64encode(hashlib.sha256(bodies[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "http:" not in html
    assert "https:" not in html
    assert not re.search(r"\s(src|onclick|onload|style)=", html)
    assert "innerHTML" not in html


def test_a_damaged_log_still_has_its_page(world, tmp_path):
    """The verdict is on it, and that not all could be read; not the damage itself."""
    shutil.copytree(world[0], tmp_path / "audit")
    path = tmp_path / "audit" / "main.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"kind":"gate"', b'"kind":"<b>Zebulon</b>"'))
    write_page(tmp_path / "audit", tmp_path / "page.html", verify(tmp_path / "audit", [world[2]]), at=0)
    html = (tmp_path / "page.html").read_text()
    assert "TAMPERED" in html
    assert "Not all of the log can be read" in html
    assert "Zebulon" not in html


def test_an_empty_folder_has_a_page(tmp_path):
    """Which says that nothing can be verified."""
    assert write_page(tmp_path, tmp_path / "page.html", verify(tmp_path), at=0)["events"] == 0
    assert "Cannot be verified" in (tmp_path / "page.html").read_text()


class Rows(HTMLParser):
    """The text of the table rows inside one element."""

    def __init__(self, inside):
        super().__init__()
        self.inside, self.depth, self.rows, self.on = inside, 0, [], False

    def handle_starttag(self, tag, attributes):
        if dict(attributes).get("id") == self.inside:
            self.on = True
        elif self.on and tag == "tr":
            self.rows.append("")

    def handle_endtag(self, tag):
        if tag == "tbody":
            self.on = False

    def handle_data(self, text):
        if self.on and self.rows:
            self.rows[-1] += f"{text} "


def in_browser(page, fragment=""):
    """The page as it stands after its script has run."""
    done = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=8000", "--dump-dom",
            f"{page.as_uri()}{fragment}",
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )  # fmt: skip
    return done.stdout


def rows(dom, inside):
    parser = Rows(inside)
    parser.feed(dom)
    return parser.rows


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_browser_lists_the_documents_and_opens_a_timeline(world):
    """The script runs under the policy: the first screen of documents, and by address the steps of one."""
    dom = in_browser(world[1], f"#{record_id(7)}.{VERSION}")
    assert len(rows(dom, "rows")) == 1
    steps = rows(dom, "steps")
    assert [step.split()[2:4] for step in steps] == [
        ["record", "read"], ["document", "deidentified"], ["document", "scored"], ["document", "released"],
    ]  # fmt: skip
    assert "main#" in steps[-1]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_browser_filters_by_reason(world):
    """What a click on a reason does: only the documents that were withheld for it."""
    listed = rows(in_browser(world[1], "#decision=residual_phi"), "rows")
    assert len(listed) == 12
    assert all("withheld: residual phi" in row for row in listed)
