"""One module per dimension; each gives ``check(document, policy) -> (score in [0, 1], evidence)``, without state."""
