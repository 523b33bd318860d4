"""Puts in the place of a finding what the policy says."""
