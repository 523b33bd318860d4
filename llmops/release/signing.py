"""Sign JSON and check signatures."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from llmops.errors import RecipeError, ReleaseError
from llmops.keys import SigningKey, VerifyKey, load_verify_key, parse_vkey
from llmops.release.canonical import canonical

_ALGORITHM: Final = "Ed25519"
_MAX_SIGNATURE_FILE: Final = 4096


class Purpose(StrEnum):
    """Purpose of a signature; part of the signed bytes, so that a signature is valid for one purpose only."""

    MANIFEST = "llmops-release-manifest-v1"
    REVOCATION = "llmops-release-revocation-v1"


@dataclass(frozen=True, slots=True)
class Trust:
    """The public keys a reader accepts; without any, the key that a release names itself (signed, but by anyone)."""

    keys: tuple[VerifyKey, ...] = ()

    @property
    def pinned(self) -> bool:
        """Whether the reader named the keys it accepts."""
        return bool(self.keys)

    def accept(self, named: VerifyKey, what: str) -> VerifyKey:
        """Return the accepted key that equals the named one.

        Raises:
            ReleaseError: keys are pinned and this is not one of them.
        """
        if not self.keys or any(key.raw == named.raw for key in self.keys):
            return named
        raise ReleaseError(f"{what} is signed by key {named.fingerprint[:16]}, which is not a trusted key")


def trust(keys: Iterable[object]) -> Trust:
    """Read trusted keys, given as keys or as paths of public-key files.

    Raises:
        RecipeError: a file holds no key, or a value of another type was given.
    """
    if isinstance(keys, VerifyKey | Path | str | bytes):
        raise RecipeError("trusted_keys: give a list of keys, also where there is only one")
    return Trust(tuple(map(_trusted, keys)))


def _trusted(key: object) -> VerifyKey:
    if isinstance(key, VerifyKey):
        return key
    if isinstance(key, Path):
        return load_verify_key(key, name="llmops")
    raise RecipeError(
        f"trusted_keys: a {type(key).__name__} is none; give pathlib.Path(...) of a public-key file, or a VerifyKey "
        "(llmops.keys.parse_vkey makes one of a line llmops-release+...)"
    )


def sign(purpose: Purpose, message: bytes, signer: SigningKey) -> bytes:
    """Return the content of a signature file over ``message``."""
    signature = signer.sign(_signed(purpose, message))
    body = {
        "algorithm": _ALGORITHM,
        "key": signer.public.vkey,
        "signature": base64.b64encode(signature).decode("ascii"),
    }
    return canonical(body) + b"\n"


def check(purpose: Purpose, message: bytes, signature_file: bytes, accepted: Trust, what: str) -> VerifyKey:
    """Check a signature file over ``message`` and return the key that signed.

    Args:
        what: name of the signed thing in errors.

    Raises:
        ReleaseError: no signature file, not from an accepted key, or not over these bytes.
    """
    named, signature = _parse(signature_file, what)
    key = accepted.accept(named, what)
    if not key.verify(_signed(purpose, message), signature):
        raise ReleaseError(f"{what} was changed after it was signed: the signature does not fit")
    return key


def _signed(purpose: Purpose, message: bytes) -> bytes:
    return purpose.value.encode("ascii") + b"\n" + message


def _parse(data: bytes, what: str) -> tuple[VerifyKey, bytes]:
    problem = ReleaseError(f"the signature of {what} is not one that this version reads")
    if len(data) > _MAX_SIGNATURE_FILE:
        raise problem
    try:
        body = json.loads(data)
        if body.keys() != {"algorithm", "key", "signature"} or body["algorithm"] != _ALGORITHM:
            raise problem
        key, signature = parse_vkey(body["key"]), base64.b64decode(body["signature"], validate=True)
    except (ValueError, TypeError, AttributeError, RecipeError, RecursionError):
        raise problem from None
    if data != canonical(body) + b"\n":
        raise problem
    return key, signature
