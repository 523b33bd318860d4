"""HashiCorp Vault's transit engine as the service that wraps the vault's key (extra ``hashicorp-vault``)."""

import base64
import binascii
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Literal

from llmops.errors import MissingExtraError, RecipeError

_SECONDS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class HashicorpVault:
    """A key in a transit engine. Address, token and certificates come from ``VAULT_ADDR``, ``VAULT_TOKEN`` and so on.

    Args:
        key_name: the key; the token needs ``update`` on ``<mount>/encrypt/<key>`` and ``<mount>/decrypt/<key>``.
        mount: where the engine is mounted.
    """

    use: Literal["hashicorp_vault"] = "hashicorp_vault"
    key_name: str
    mount: str = "transit"

    def wrap(self, secret: bytes) -> bytes:
        """Encrypt a secret; see `llmops.vault.KeyService`."""
        return self._ask("encrypt", "ciphertext", plaintext=base64.b64encode(secret).decode("ascii")).encode("ascii")

    def unwrap(self, wrapped: bytes) -> bytes:
        """Decrypt a wrapped secret; see `llmops.vault.KeyService`."""
        text = self._ask("decrypt", "plaintext", ciphertext=wrapped.decode("ascii", "replace"))
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error:
            raise _refusal("decrypt", "no base64") from None

    def _ask(self, operation: str, answer: str, **parts: str) -> str:
        hvac, requests = _libraries()
        # A redirect would send the token to another address.
        client = hvac.Client(timeout=_SECONDS, allow_redirects=False)
        call = getattr(client.secrets.transit, f"{operation}_data")
        try:
            return str(call(name=self.key_name, mount_point=self.mount, **parts)["data"][answer])
        except (hvac.exceptions.VaultError, requests.RequestException, KeyError, TypeError, ValueError) as error:
            raise _refusal(operation, type(error).__name__) from None


def _libraries() -> tuple[Any, Any]:
    """Import hvac and requests, only when a vault uses this key service."""
    try:
        return import_module("hvac"), import_module("requests")
    except ImportError:
        raise MissingExtraError(
            "vault.key_service: HashiCorp Vault needs an extra: pip install 'clinical-llmops[hashicorp-vault]'"
        ) from None


def _refusal(operation: str, said: str) -> RecipeError:
    return RecipeError(f"vault.key_service: HashiCorp Vault did not {operation} the vault's key ({said})")
