"""Numbers and codes that are issued to a person or a thing of theirs."""
