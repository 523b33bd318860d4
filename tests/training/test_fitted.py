"""Who changes what the judge was fitted to is told so."""

import json
import subprocess
import sys
from pathlib import Path

from training import fitted

ROOT = Path(__file__).resolve().parents[2]


def test_the_record_is_of_the_code():
    """As make check asks."""
    done = subprocess.run([sys.executable, "-m", "training.fitted"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_changed_part_fails_with_the_command_to_run(tmp_path, monkeypatch, capsys):
    """It names the part and both ways on."""
    record = tmp_path / "fitted.json"
    record.write_text(json.dumps(fitted.digests() | {"recognizers": "0"}))
    monkeypatch.setattr(fitted, "RECORD", record)
    monkeypatch.setattr(sys, "argv", ["fitted"])
    try:
        fitted.main()
    except SystemExit as end:
        message = str(end.code)
    assert message.startswith("changed since the judge was fitted: recognizers\n")
    assert "python -m training --only-judge" in message
    monkeypatch.setattr(sys, "argv", ["fitted", "--accept"])
    fitted.main()
    assert json.loads(record.read_bytes()) == fitted.digests()


def test_every_part_is_there():
    """A moved folder must not leave a digest of nothing."""
    empty = fitted._digest([])
    assert empty not in fitted.digests().values()
