"""Attacks by anyone who can write the output; shared by the tests and the attack benchmark."""
