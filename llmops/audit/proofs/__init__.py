"""Proofs for people who do not have the log: that an event is in it, and that it only grew."""
