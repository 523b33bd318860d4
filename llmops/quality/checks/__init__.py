"""One file a dimension; each gives ``check(document, policy) -> (score in [0, 1], evidence)`` and has no state."""
