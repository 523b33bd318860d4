"""The command line: parses, calls, prints, and turns errors into exit codes."""

from llmops.cli.app import main

__all__ = ["main"]
