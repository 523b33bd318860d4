"""Services shared by commands and Python: vault actions, withdrawal, tracing, logging of readers."""
