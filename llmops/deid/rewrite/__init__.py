"""Replace findings as the policy says."""
