"""Time stamps by an authority of our own: ``openssl ts`` behind a local server, and every way a stamp can be wrong."""

import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from llmops.audit import AuditLog, Status
from llmops.audit.anchors.locations import read_kept, write_anchor
from llmops.audit.anchors.timestamp import load_authorities
from llmops.audit.events import RecordRead
from llmops.audit.verify.directory import verify
from llmops.cli.audit import app
from llmops.errors import AuditVerificationError, AuditWriteError, RecipeError
from llmops.keys import load_or_create_signing_key

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="the authority is openssl's")

CONFIG = """
[req]
distinguished_name = dn
prompt = no
[dn]
CN = {name}
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[tsa]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[ts]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
crypto_device = builtin
ess_cert_id_alg = sha256
"""


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    """A certificate authority, its time stamp authority, and what was sent to it."""

    def __init__(self, folder, name):
        folder.mkdir()
        self.folder, self.asked, self.answer = folder, [], None
        (folder / "serial").write_text("01")
        for who in ("ca", "tsa"):
            (folder / f"{who}.cnf").write_text(CONFIG.format(folder=folder, name=f"{name} {who}"))
            openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / f"{who}.key")
        common = ("req", "-x509", "-new", "-days", "30", "-sha256")
        self._made(*common, "-key", folder / "ca.key", "-extensions", "ca", who="ca")
        signed = ("-CA", folder / "ca.pem", "-CAkey", folder / "ca.key")
        self._made(*common, *signed, "-key", folder / "tsa.key", "-extensions", "tsa", who="tsa")

    def _made(self, *arguments, who):
        openssl(*arguments, "-config", self.folder / f"{who}.cnf", "-out", self.folder / f"{who}.pem")

    @property
    def certificates(self):
        return load_authorities(self.folder / "ca.pem")

    def reply(self, question):
        self.asked.append(question)
        if self.answer is not None:
            return self.answer
        (self.folder / "q.tsq").write_bytes(question)
        config = ("-config", self.folder / "tsa.cnf", "-section", "ts")
        openssl("ts", "-reply", *config, "-queryfile", self.folder / "q.tsq", "-out", self.folder / "r.tsr")
        return (self.folder / "r.tsr").read_bytes()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tsa") / "one", "Authority")


@pytest.fixture
def url(authority):
    """The authority behind an address of this machine; ``/moved`` sends whoever asks on to another."""
    authority.asked.clear()
    authority.answer = None

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            question = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/moved":
                self.send_response(302)
                self.send_header("Location", "/")
                self.end_headers()
                return
            answer = authority.reply(question)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(answer)

        def do_GET(self):
            authority.asked.append(b"GET")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def signer(tmp_path):
    return load_or_create_signing_key(tmp_path / "keys" / "a.pem", name="llmops-audit")


@pytest.fixture
def audit(tmp_path, signer):
    return grow(tmp_path / "audit", signer)


def grow(directory, signer):
    with AuditLog.open(directory, stream="main", signer=signer, clock=lambda: 1) as log:
        log.append([RecordRead(record_id=f"r{log.size}", format="text")])
    return directory


def judged(audit, signer, authorities):
    return verify(audit, [signer.public], stamped=read_kept(audit / "timestamps"), authorities=authorities)


def test_a_stamp_proves_when_the_log_was_there(audit, signer, authority, url):
    """The verdict says size, moment and authority, and the stamp is an anchor."""
    assert verify(audit, [signer.public]).status is Status.WARNINGS
    assert [anchor.size for anchor in write_anchor(audit, url)] == [1]
    verdict = judged(audit, signer, authority.certificates)
    assert verdict.status is Status.INTACT
    (time,) = verdict.times
    assert (time.stream, time.size, time.authority) == ("main", 1, "CN=Authority tsa")
    assert time.at.endswith("+00:00")


def test_verify_and_report_say_the_proven_time(audit, authority, url, tmp_path):
    """From the command line; without the certificate the stamp proves nothing, and that is said."""
    call = CliRunner()
    key, page = tmp_path / "keys" / "a.pem", tmp_path / "page.html"
    assert call.invoke(app, ["anchor", str(audit), "--to", url]).exit_code == 0
    asked = ["verify", str(audit), "--key", str(key)]
    assert call.invoke(app, asked).exit_code == 1
    done = call.invoke(app, [*asked, "--tsa", str(authority.folder / "ca.pem")])
    assert done.exit_code == 0
    assert "proven: main: 1 events were there at 20" in done.stdout
    report = ["report", str(audit), "--out", str(page), "--key", str(key), "--tsa", str(authority.folder / "ca.pem")]
    assert call.invoke(app, report).exit_code == 0
    assert "Time stamp: 1 events" in page.read_text()


def test_stamps_that_were_copied_elsewhere_anchor_the_log(audit, authority, url, signer, tmp_path):
    """Removed beside the log, found where they were kept."""
    write_anchor(audit, url)
    (audit / "timestamps").rename(tmp_path / "kept")
    verdict = verify(audit, [signer.public], stamped=read_kept(tmp_path / "kept"), authorities=authority.certificates)
    assert (verdict.status, len(verdict.times)) == (Status.INTACT, 1)


def test_only_a_digest_is_sent_and_each_checkpoint_once(audit, signer, authority, url):
    """No name, size or root of the log is in the request; what has a stamp is not asked for again."""
    write_anchor(audit, url)
    assert write_anchor(audit, url) == ()
    (question,) = authority.asked
    (note,) = (audit / "timestamps").glob("*.checkpoint")
    assert len(question) < 100
    assert b"main" not in question
    assert note.read_bytes()[:20] not in question
    write_anchor(grow(audit, signer), url)
    assert len(authority.asked) == 2
    assert [time.size for time in judged(audit, signer, authority.certificates).times] == [1, 2]


def test_anybody_can_check_a_stamp_with_openssl(audit, authority, url):
    """The files are the plain ones of the standard."""
    write_anchor(audit, url)
    (note,) = (audit / "timestamps").glob("*.checkpoint")
    openssl("ts", "-verify", "-data", note, "-in", note.with_suffix(".tsr"), "-CAfile", authority.folder / "ca.pem")


def test_a_log_that_was_cut_back_no_longer_extends_what_was_stamped(audit, signer, authority, url):
    """A stamp that stands is an anchor wherever it lies; only removing it hides the rollback."""
    saved = {path: path.read_bytes() for path in audit.iterdir()}
    write_anchor(grow(audit, signer), url)
    for path, data in saved.items():
        path.write_bytes(data)
    assert judged(audit, signer, authority.certificates).status is Status.TAMPERED


def test_a_stamp_of_another_authority_proves_nothing(audit, signer, url, tmp_path):
    """Not tampered, but not verified either."""
    write_anchor(audit, url)
    other = Authority(tmp_path / "other", "Somebody")
    verdict = judged(audit, signer, other.certificates)
    assert (verdict.status, verdict.times) == (Status.CANNOT_VERIFY, ())


def test_a_stamp_over_something_else_is_found(audit, signer, authority, url):
    """Put beside another checkpoint, or changed in any part."""
    write_anchor(audit, url)
    write_anchor(grow(audit, signer), url)
    first, second = sorted((audit / "timestamps").glob("*.tsr"))
    good = second.read_bytes()
    second.write_bytes(first.read_bytes())
    assert judged(audit, signer, authority.certificates).status is Status.TAMPERED
    for at in range(0, len(good), 61):
        second.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        verdict = judged(audit, signer, authority.certificates)
        assert verdict.exit_code in (2, 3) or [time.size for time in verdict.times] == [1, 2]
    second.write_bytes(b"")
    assert judged(audit, signer, authority.certificates).status is Status.CANNOT_VERIFY


@pytest.mark.parametrize("answer", [b"", b"nonsense", b"0\x03\x02\x01\x02"])
def test_an_answer_that_is_no_stamp_is_not_kept(audit, authority, url, answer):
    """Nothing, noise, or a refusal."""
    authority.answer = answer
    with pytest.raises(AuditWriteError):
        write_anchor(audit, url)
    assert not list(audit.glob("timestamps/*.tsr"))


def test_an_answer_to_another_question_is_not_kept(audit, signer, authority, url):
    """A stamp from before, played again."""
    write_anchor(audit, url)
    authority.answer = next((audit / "timestamps").glob("*.tsr")).read_bytes()
    with pytest.raises(AuditWriteError, match="something else"):
        write_anchor(grow(audit, signer), url)


def test_no_redirect_is_followed_and_no_answer_is_an_error(audit, authority, url):
    """What is sent goes to the address that was given and nowhere else."""
    with pytest.raises(AuditWriteError):
        write_anchor(audit, f"{url}moved")
    assert authority.asked == []
    with pytest.raises(AuditWriteError):
        write_anchor(audit, "http://127.0.0.1:9/")


def test_an_authority_keeps_nothing_and_a_file_without_certificate_is_refused(url, tmp_path):
    """Said so, not passed over."""
    with pytest.raises(AuditVerificationError):
        read_kept(url)
    (tmp_path / "x.pem").write_bytes(b"no certificate")
    for path in (tmp_path / "x.pem", tmp_path / "missing"):
        with pytest.raises(RecipeError):
            load_authorities(path)
