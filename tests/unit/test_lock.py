"""The lock files hold all that they need; a gap, a wrong version or a missing extra would be found."""

from collections.abc import Mapping

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.lock import LOCK, TRAIN_LOCK, environments, gaps, installed, main, read_lock, roots

ENVIRONMENTS = dict(environments())
PINS = [pin for path in (LOCK, TRAIN_LOCK) for pin in read_lock(path.read_text("utf-8"))]
HERE = ("Python 3.11 x86_64", ENVIRONMENTS["Python 3.11 x86_64"])


def test_the_locks_are_complete_for_every_supported_python(capsys: pytest.CaptureFixture[str]) -> None:
    """As `.ci/run` asks it, extras and markers included."""
    status = main()
    assert status == 0, capsys.readouterr().out


def test_each_pin_that_is_left_out_is_missed() -> None:
    """None of them is there for nothing, so none can be lost unseen."""
    applied = [pin for pin in PINS if pin.marker is None or pin.marker.evaluate(ENVIRONMENTS[HERE[0]])]
    lost = []
    for pin in applied:
        rest = [other for other in PINS if other.name != pin.name]
        found, _ = gaps(rest, roots(), HERE)
        missed = {
            canonicalize_name(Requirement(gap.problem.removeprefix("wants ").split(", the lock")[0]).name)
            for gap in found
        }
        if canonicalize_name(pin.name) not in missed:
            lost.append(pin.name)
    assert len(applied) > 140
    assert lost == []


def test_a_version_that_another_package_refuses_is_a_gap() -> None:
    """Here one before what the project asks for."""
    pins = [Requirement("pydantic==1.10.0") if pin.name == "pydantic" else pin for pin in PINS]
    found, unread = gaps(pins, roots(), HERE)
    assert any(gap.wanted_by == "pyproject.toml, dependencies" and "1.10.0" in gap.problem for gap in found)
    assert "pydantic" in unread


def _fake(answers: Mapping[str, tuple[str, ...]]):
    return lambda name: (Version("1"), tuple(map(Requirement, answers.get(name, ()))))


@pytest.mark.parametrize(
    ("pins", "wanted"),
    [
        (["a==1"], "wants b"),
        (["a==1", "b==1"], "wants c>=2"),
        (["a==1", "b==1", "c==1"], "wants c>=2"),
        (["a==1", "b==1", "c==2; python_version < '3.12'"], "wants c>=2"),
        (["a==1", "b==1", "c==2", "c==3"], "pinned twice"),
    ],
)
def test_extras_are_followed_and_markers_evaluated(pins: list[str], wanted: str) -> None:
    """`a` wants `b[http]`, which wants `c` for that extra alone, from Python 3.12 on in another version."""
    metadata = _fake({"a": ("b[http]",), "b": ("c>=2; extra == 'http'", "d; extra == 'gone'")})
    environment = ("Python 3.13 x86_64", ENVIRONMENTS["Python 3.13 x86_64"])
    found, _ = gaps(map(Requirement, pins), [], environment, metadata)
    assert [gap for gap in found if wanted in gap.problem]
    whole = map(Requirement, ["a==1", "b==1", "c==2"])
    assert gaps(whole, [], environment, metadata)[0] == []


@pytest.mark.parametrize("text", ["a==1 \\\n", "a>=1 \\\n    --hash=sha256:00\n", "a==1.* \\\n    --hash=sha256:00\n"])
def test_a_line_without_hash_or_version_is_refused(text: str) -> None:
    """pip would refuse it, too, but only when somebody installs."""
    with pytest.raises(ValueError, match="not pinned, or without a hash"):
        read_lock(text)


def test_metadata_of_what_is_not_installed_is_said_to_be_unread() -> None:
    """Never taken for a package that needs nothing."""
    assert installed("no-such-distribution") is None
    assert gaps([Requirement("no-such-distribution==1")], [], HERE)[1] == ["no-such-distribution"]
