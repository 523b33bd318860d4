"""The vault: the encrypted crosswalk from patients to pseudonyms; raw zone only."""

from llmops.vault.approval import Purpose, Request, approve, check_approvals
from llmops.vault.crosswalk import Vault
from llmops.vault.custody import Custody, VaultStatus, custody
from llmops.vault.keys import EnvironmentKey, FileKey, KeyProvider
from llmops.vault.rotation import rotate

__all__ = [
    "Custody",
    "EnvironmentKey",
    "FileKey",
    "KeyProvider",
    "Purpose",
    "Request",
    "Vault",
    "VaultStatus",
    "approve",
    "check_approvals",
    "custody",
    "rotate",
]
