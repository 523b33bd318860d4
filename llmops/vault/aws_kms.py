"""AWS KMS as the service that wraps the vault's key (extra ``kms``)."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Literal

from llmops.errors import MissingExtraError, RecipeError

_CONTEXT: Final[Mapping[str, str]] = {"purpose": "llmops-vault-key"}
_SECONDS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsKms:
    """A symmetric key in AWS KMS. Credentials come from the AWS SDK's usual places; a role needs no secret.

    Args:
        key_id: id, ARN or ``alias/...`` of the key; allow ``kms:Encrypt`` and ``kms:Decrypt`` with the encryption
            context ``purpose=llmops-vault-key``.
        region: region; empty uses the SDK's own settings.
    """

    use: Literal["aws_kms"] = "aws_kms"
    key_id: str
    region: str = ""

    def wrap(self, secret: bytes) -> bytes:
        """Encrypt a secret; see `llmops.vault.KeyService`."""
        return self._ask("encrypt", "CiphertextBlob", Plaintext=secret)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Decrypt a wrapped secret; see `llmops.vault.KeyService`."""
        return self._ask("decrypt", "Plaintext", CiphertextBlob=wrapped)

    def _ask(self, operation: str, answer: str, **parts: bytes) -> bytes:
        boto3, botocore = _sdk()
        settings = botocore.config.Config(
            connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"max_attempts": 3, "mode": "standard"}
        )
        try:
            client = boto3.client("kms", region_name=self.region or None, config=settings)
            found = getattr(client, operation)(KeyId=self.key_id, EncryptionContext=dict(_CONTEXT), **parts)
            return bytes(found[answer])
        except botocore.exceptions.ClientError as error:
            said = error.response.get("Error", {}).get("Code", "")
        except (botocore.exceptions.BotoCoreError, KeyError, TypeError, ValueError) as error:
            said = type(error).__name__
        raise RecipeError(f"vault.key_service: AWS KMS did not {operation} the vault's key ({said})") from None


def _sdk() -> tuple[Any, Any]:
    """Import the AWS SDK, only when a vault uses this key service."""
    try:
        import_module("botocore.config")
        return import_module("boto3"), import_module("botocore")
    except ImportError:
        raise MissingExtraError(
            "vault.key_service: AWS KMS needs an extra: pip install 'clinical-llmops[kms]'"
        ) from None
