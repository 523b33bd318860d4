"""``release/latest`` names the newest release that stands, and can name nothing else than a release beside it."""

import json

import pytest
from typer.testing import CliRunner

from llmops.cli.app import app
from llmops.errors import ReleaseError
from llmops.release import RevocationReason, open_release, revoke

MORNING, NOON, EVENING = "2026-03-01T08:00:00Z", "2026-03-01T12:30:05Z", "2026-03-01T20:00:00Z"


@pytest.fixture
def releases(publish, tmp_path):
    """Three of one day; their ids are in another order than their times."""
    made = [publish(output="out", created=at, recipe_digest=at) for at in (MORNING, NOON, EVENING)]
    assert [path.name for path in made] != sorted(path.name for path in made)
    return made


def listed(folder, *options):
    done = CliRunner().invoke(app, ["release", "list", str(folder), *options])
    assert done.exit_code == 0, done.output
    return done


def test_latest_opens_what_was_published_last(releases):
    """Wherever a release folder is named, and what is opened knows its own folder."""
    release = open_release(releases[0].parent / "latest")
    assert (release.id, release.path) == (releases[2].name, releases[2])
    verified = CliRunner().invoke(app, ["release", "verify", str(releases[0].parent / "latest"), "--json"])
    assert json.loads(verified.stdout)["release"] == releases[2].name


def test_a_release_that_is_published_again_is_the_latest_again(publish, releases):
    """What a run gave last is what its consumers get."""
    assert publish(output="out", created=EVENING, recipe_digest=MORNING) == releases[0]
    assert open_release(releases[0].parent / "latest").id == releases[0].name


def test_behind_a_revocation_the_newest_that_stands_is_the_latest(releases, signer):
    """In the end there is none, and the error says so."""
    latest = releases[0].parent / "latest"
    for revoked, then in ((releases[2], releases[1]), (releases[0], releases[1])):
        revoke(revoked, signer, RevocationReason.PHI_FOUND)
        assert open_release(latest).id == then.name
    revoke(releases[1], signer, RevocationReason.PHI_FOUND)
    with pytest.raises(ReleaseError, match="release/latest is missing"):
        open_release(latest)


@pytest.mark.parametrize("content", ["../../keys", "/etc/passwd", "", "revocations", "0123456789abcdeg", "."])
def test_latest_names_a_release_or_nothing(releases, content):
    """Whoever can write the folder cannot lead a reader out of it."""
    (releases[0].parent / "latest").write_text(content)
    with pytest.raises(ReleaseError, match="names no release"):
        open_release(releases[0].parent / "latest")


def test_a_link_in_its_place_is_not_followed(releases, tmp_path):
    """Neither to a file with an id in it, nor to a release."""
    latest = releases[0].parent / "latest"
    (tmp_path / "id").write_text(releases[0].name)
    for target in (tmp_path / "id", releases[0]):
        latest.unlink()
        latest.symlink_to(target)
        with pytest.raises(ReleaseError):
            open_release(latest)


def test_list_is_in_the_order_of_time_and_marks_the_latest(releases, signer):
    """With the time of day; the mark moves when the newest is taken back."""
    rows = json.loads(listed(releases[0].parent.parent, "--json").stdout)
    assert [(row["created"], row["latest"]) for row in rows] == [(MORNING, False), (NOON, False), (EVENING, True)]
    lines = listed(releases[0].parent).stdout.splitlines()
    assert ["latest" in line for line in lines] == [False, False, True]
    assert "2026-03-01 12:30:05 UTC" in lines[1]
    revoke(releases[2], signer, RevocationReason.SUPERSEDED)
    lines = listed(releases[0].parent).stdout.splitlines()
    assert ["latest" in line for line in lines] == [False, True, False]


def test_list_says_where_latest_names_another(releases):
    """Whoever can write the folder can point it to an older one: that is seen."""
    (releases[0].parent / "latest").write_text(releases[0].name)
    assert f"does not name {releases[2].name}" in listed(releases[0].parent).stderr
