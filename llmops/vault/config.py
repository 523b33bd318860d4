"""The vault section of a recipe."""

from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import ConfigDict, Field, model_validator

from llmops.validation import Declared
from llmops.vault.aws_kms import AwsKms
from llmops.vault.keys import EnvironmentKey, FileKey
from llmops.vault.transit import HashicorpVault
from llmops.vault.wrapped import WrappedKey

_WRAPPED: Final = ".wrapped"

# Pydantic reads this attribute of a plain dataclass: without it, unknown keys in the YAML would be ignored.
for _service in (AwsKms, HashicorpVault):
    setattr(_service, "__pydantic_config__", ConfigDict(extra="forbid", strict=True))  # noqa: B010 - not in its type


class VaultPart(Declared):
    """Settings of the crosswalk from patients to pseudonyms."""

    key_variable: str = Field(
        default="",
        pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$",
        description="environment variable with the vault's key in base64; default: vault.key in the key folder",
    )
    key_service: Annotated[AwsKms | HashicorpVault, Field(discriminator="use")] | None = Field(
        default=None, description="a key service that wraps the vault's key; it is then nowhere on disk in the clear"
    )
    keep_weekday: bool = Field(default=False, description="shift dates by whole weeks; decided with the first run")
    approvers: tuple[Path, ...] = Field(default=(), description="public keys; two of them re-identify a subject")

    @model_validator(mode="after")
    def _one_holder(self) -> Self:
        if self.key_variable and self.key_service is not None:
            raise ValueError("key_variable and key_service: name one of them, not both")
        return self

    def holder(self, path: Path) -> FileKey | EnvironmentKey | WrappedKey:
        """Return the key provider.

        Args:
            path: the key file by default; a wrapped key lies beside it.
        """
        if self.key_variable:
            return EnvironmentKey(variable=self.key_variable)
        if self.key_service is not None:
            return WrappedKey(path=path.with_name(path.name + _WRAPPED), service=self.key_service)
        return FileKey(path=path)
