"""Keys: made once, mode 0600, refused when others can read them, never half a key."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from llmops import keys
from llmops.errors import RecipeError


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_key_is_made_on_first_use_and_found_again(tmp_path):
    """The folder is 0700, the file 0600, and the second call reads the first one's key."""
    path = tmp_path / "keys" / keys.AUDIT_KEY_FILE
    made = keys.load_or_create_signing_key(path, name="llmops-audit")
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    assert keys.load_or_create_signing_key(path, name="llmops-audit").public == made.public
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")


def test_concurrent_first_use_gives_everybody_the_same_key(tmp_path):
    """Many at once: one key wins, everybody reads it, no temporary file stays."""
    path = tmp_path / "k" / "secret"
    with ThreadPoolExecutor(16) as pool:
        made = set(pool.map(lambda _: keys.load_or_create_secret(path), range(64)))
    assert len(made) == 1
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o644, 0o660])
def test_key_that_others_can_read_is_refused_with_the_fix(tmp_path, bits):
    """The message says chmod 600."""
    path = tmp_path / "key.pem"
    keys.load_or_create_signing_key(path)
    path.chmod(bits)
    with pytest.raises(RecipeError, match="chmod 600"):
        keys.load_signing_key(path, name="x")
    secret = tmp_path / "secret"
    keys.load_or_create_secret(secret)
    secret.chmod(bits)
    with pytest.raises(RecipeError, match="chmod 600"):
        keys.load_or_create_secret(secret)


def test_files_that_hold_no_key_are_refused(tmp_path):
    """Garbage, a key of another kind and a secret of another size are one clear sentence each."""
    path = tmp_path / "key.pem"
    path.write_bytes(b"not a key")
    path.chmod(0o600)
    with pytest.raises(RecipeError, match="Ed25519"):
        keys.load_signing_key(path, name="x")
    with pytest.raises(RecipeError, match="holds 9 bytes, not 32"):
        keys.load_or_create_secret(path)
    with pytest.raises(RecipeError, match="cannot be read"):
        keys.load_signing_key(tmp_path / "missing", name="x")


def test_signature_holds_for_its_message_alone(tmp_path):
    """Another message or another key does not verify."""
    key = keys.load_or_create_signing_key(tmp_path / "a", name="a")
    other = keys.load_or_create_signing_key(tmp_path / "b", name="b")
    signature = key.sign(b"message")
    assert key.public.verify(b"message", signature)
    assert not key.public.verify(b"massage", signature)
    assert not other.public.verify(b"message", signature)
    assert not key.public.verify(b"message", b"short")


def test_public_key_travels_as_one_line(tmp_path):
    """The C2SP form reads back; a changed character does not."""
    key = keys.load_or_create_signing_key(tmp_path / "a", name="llmops-audit").public
    assert keys.parse_vkey(key.vkey + "\n") == key
    for broken in (key.vkey.replace("llmops", "llmopt"), key.vkey[:-1], key.vkey + "A", "x+y", ""):
        with pytest.raises(RecipeError):
            keys.parse_vkey(broken)


def test_known_vkey_of_the_specification_reads(tmp_path):
    """The key of the Go sumdb, the best-known user of the form."""
    text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    key = keys.parse_vkey(text)
    assert (key.name, key.note_hash.hex()) == ("sum.golang.org", "033de0ae")


def test_verify_key_reads_from_every_form(tmp_path):
    """The private PEM, the public line and nothing else."""
    path = tmp_path / "a"
    key = keys.load_or_create_signing_key(path, name="n").public
    line = tmp_path / "a.vkey"
    line.write_text(key.vkey)
    assert keys.load_verify_key(path, name="n") == key == keys.load_verify_key(line, name="n")


def test_private_key_is_not_shown(tmp_path):
    """Neither repr nor str of a signing key holds key material."""
    key = keys.load_or_create_signing_key(tmp_path / "a", name="n")
    assert repr(key) == "SigningKey(name='n')"


def test_unwritable_key_folder_is_a_recipe_error(tmp_path):
    """A folder that is a file gives one sentence, not an OSError."""
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(RecipeError, match="cannot be created"):
        keys.load_or_create_secret(blocker / "secret")
    assert list(tmp_path.iterdir()) == [blocker]
