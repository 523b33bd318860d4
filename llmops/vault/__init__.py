"""The vault: the encrypted crosswalk from patients to pseudonyms; raw zone only."""

from llmops.vault.crosswalk import Vault

__all__ = ["Vault"]
