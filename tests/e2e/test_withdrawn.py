"""What was taken back for good stays out of every later release of the same output."""

import json
import shutil

from llmops.release import open_release


def test_a_document_taken_back_stays_out_when_the_recipe_is_run_again(cli, notes_recipe, tmp_path):
    """Withheld by a reason of its own, and its copy with it; once more, or with the old release gone: the same."""
    recipe = notes_recipe(4)
    first, copy = min((tmp_path / "in").iterdir()), tmp_path / "in" / "zz_copy.txt"
    shutil.copy(first, copy)

    def run():
        done = cli("run", recipe, "--json")
        assert done.returncode == 0, done.stderr
        summary = json.loads(done.stdout)
        folder = tmp_path / "out" / "release" / summary["release"]["id"]
        return summary, folder, {document.document_id for document in open_release(folder).documents()}

    before, old, ids = run()
    assert before["withheld"]["by_reason"] == {"duplicate": 1}
    (kept,) = [one for one in open_release(old).documents() if " 0 mm nodule" in one.text]
    key = tmp_path / "raw" / "keys" / "release-signing.pem"
    assert cli("release", "tombstone", old, kept.document_id, "--key", key, "--reason", "phi_found").returncode == 0
    after, new, left = run()
    assert left == ids - {kept.document_id}
    assert after["withheld"]["by_reason"] == {"duplicate": 1, "tombstoned": 1}
    assert after["counts"]["read"] == after["counts"]["released"] + after["counts"]["withheld"]
    assert after["release"]["documents"] == after["counts"]["released"]
    assert run()[1] == new
    shutil.rmtree(old)
    assert run()[1] == new


def test_a_release_revoked_whole_is_not_published_again(cli, notes_recipe, tmp_path):
    """Exit 6, and what to do is said."""
    recipe = notes_recipe(2)
    assert cli("run", recipe).returncode == 0
    (old,) = (tmp_path / "out" / "release").glob("[0-9a-f]*")
    key = tmp_path / "raw" / "keys" / "release-signing.pem"
    assert cli("release", "revoke", old, "--key", key, "--reason", "phi_found").returncode == 0
    again = cli("run", recipe)
    assert again.returncode == 6
    assert "has been revoked (phi_found); mend the input, or the recipe and give another --output" in " ".join(
        again.stderr.split()
    )
