"""Finds in a text what the vault knows of its subject."""
