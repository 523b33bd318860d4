"""Keys in a key folder: Ed25519 for signing, random secrets for symmetric use; created on first use, mode 0600."""

import base64
import hashlib
import os
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from llmops.errors import RecipeError
from llmops.plain_files import PRIVATE_FOLDER, make_folder, sync_folder

AUDIT_KEY_FILE: Final = "audit-signing.pem"
RELEASE_KEY_FILE: Final = "release-signing.pem"
SOURCE_KEY_FILE: Final = "source-ids.key"

_ED25519: Final = b"\x01"  # algorithm byte of C2SP signed-note keys


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyKey:
    """An Ed25519 public key and its key name.

    Args:
        name: key name of the C2SP signed note; no spaces, no plus signs.
        raw: the 32 bytes of the public key.
    """

    name: str
    raw: bytes

    @property
    def fingerprint(self) -> str:
        """Return the hex SHA-256 of the raw public key, for reports and comparison by people."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def note_hash(self) -> bytes:
        """Return the 4 bytes that precede a signature in a C2SP signed note."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.raw).digest()[:4]

    @property
    def vkey(self) -> str:
        """Return the C2SP text form ``<name>+<hash>+<base64 key>``: one line, safe to publish."""
        return f"{self.name}+{self.note_hash.hex()}+{base64.b64encode(_ED25519 + self.raw).decode()}"

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether ``signature`` is this key's signature over ``message``."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """An Ed25519 private key and its key name; never shown in a ``repr``."""

    name: str
    private: Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> VerifyKey:
        """Return the public key."""
        return VerifyKey(name=self.name, raw=self.private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """Sign ``message``; returns 64 bytes."""
        return self.private.sign(message)


def parse_vkey(text: str) -> VerifyKey:
    """Read a public key in C2SP text form.

    Raises:
        RecipeError: not a key of that form, or its hash does not match the key.
    """
    problem = RecipeError("verification key: not of the form <name>+<hash>+<base64 of an Ed25519 key>")
    parts = text.strip().split("+", 2)
    if len(parts) != 3:
        raise problem
    try:
        data = base64.b64decode(parts[2], validate=True)
    except ValueError:
        raise problem from None
    if len(data) != 33 or data[:1] != _ED25519:
        raise problem
    key = VerifyKey(name=parts[0], raw=data[1:])
    if key.vkey != text.strip():
        raise problem
    return key


def load_verify_key(path: Path, *, name: str) -> VerifyKey:
    """Read a public key from a file: C2SP text form, PEM public key, or the matching PEM private key.

    Raises:
        RecipeError: the file cannot be read or holds no Ed25519 key.
    """
    data = _read(path)
    if not data.startswith(b"-----BEGIN"):
        return parse_vkey(data.decode("ascii", "replace"))
    if b"PRIVATE KEY" in data:
        return load_signing_key(path, name=name).public
    try:
        public = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        public = None
    if not isinstance(public, Ed25519PublicKey):
        raise RecipeError(f"key {path}: not an Ed25519 public key in PEM form")
    return VerifyKey(name=name, raw=public.public_bytes_raw())


def load_signing_key(path: Path, *, name: str) -> SigningKey:
    """Read an Ed25519 private key (PEM, PKCS8, not encrypted).

    Args:
        path: the file; only its owner may be able to read it.
        name: the key name to sign under.

    Raises:
        RecipeError: missing, readable by others, or no Ed25519 key; the message names the fix.
    """
    _refuse_shared(path)
    try:
        private = serialization.load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise RecipeError(f"key {path}: not an unencrypted Ed25519 private key in PEM (PKCS8) form")
    return SigningKey(name=name, private=private)


def load_or_create_signing_key(path: Path, *, name: str = "llmops") -> SigningKey:
    """Read the signing key at ``path``; create it if missing. Safe for concurrent processes.

    Raises:
        RecipeError: as in `load_signing_key`, or the key cannot be written.
    """
    if not path.exists():
        create_key_file(path, _new_pem)
    return load_signing_key(path, name=name)


def load_or_create_secret(path: Path, size: int = 32) -> bytes:
    """Read the secret of ``size`` random bytes at ``path``; create it if missing.

    Raises:
        RecipeError: readable by others, of another size, or it cannot be written.
    """
    if not path.exists():
        create_key_file(path, lambda: secrets.token_bytes(size))
    _refuse_shared(path)
    secret = _read(path)
    if len(secret) != size:
        raise RecipeError(f"key {path}: holds {len(secret)} bytes, not {size}; restore it from its backup")
    return secret


def _new_pem() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def create_key_file(path: Path, make: Callable[[], bytes]) -> None:
    """Create a complete key file, or keep the one that another process created first; never a partial key.

    Raises:
        RecipeError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        make_folder(path.parent, PRIVATE_FOLDER)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
        sync_folder(path.parent)
    except OSError as error:
        raise RecipeError(f"key {path}: cannot be created ({os.strerror(error.errno or 0)})") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RecipeError(f"key {path}: cannot be read ({os.strerror(error.errno or 0)})") from None


def _refuse_shared(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise RecipeError(f"key {path}: cannot be read ({os.strerror(error.errno or 0)})") from None
    if stat.S_IMODE(mode) & 0o077:
        raise RecipeError(f"key {path}: others can read it (mode {stat.S_IMODE(mode):04o}); fix: chmod 600 {path}")
