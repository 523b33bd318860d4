"""Proofs for people without the log: that an event is in it, and that it only grew."""
