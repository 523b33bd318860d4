"""Copies of checkpoints outside the log: folders, object stores, time-stamp authorities."""
