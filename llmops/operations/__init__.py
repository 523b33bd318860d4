"""Services that commands and Python share: act on a vault, withdraw, trace, log what is read."""
