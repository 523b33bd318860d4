"""Find PHI in texts: rules, network, judge, known identifiers and propagation."""
