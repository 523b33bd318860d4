"""The vault: the encrypted crosswalk from patients to pseudonyms; raw zone only."""

from llmops.vault.approval import Purpose, Refusal, RefusedError, Request, approve, check_approvals, purpose_of
from llmops.vault.aws_kms import AwsKms
from llmops.vault.config import VaultPart
from llmops.vault.crosswalk import Vault
from llmops.vault.custody import Custody, VaultStatus, custody
from llmops.vault.keys import EnvironmentKey, FileKey, KeyProvider
from llmops.vault.pseudonyms import is_pseudonym
from llmops.vault.rotation import rotate
from llmops.vault.transit import HashicorpVault
from llmops.vault.wrapped import KeyService, WrappedKey

__all__ = [
    "AwsKms",
    "Custody",
    "EnvironmentKey",
    "FileKey",
    "HashicorpVault",
    "KeyProvider",
    "KeyService",
    "Purpose",
    "Refusal",
    "RefusedError",
    "Request",
    "Vault",
    "VaultPart",
    "VaultStatus",
    "WrappedKey",
    "approve",
    "check_approvals",
    "custody",
    "is_pseudonym",
    "purpose_of",
    "rotate",
]
