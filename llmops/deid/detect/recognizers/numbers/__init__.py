"""Numbers and codes issued to a person or to something of theirs."""
