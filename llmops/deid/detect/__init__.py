"""Finds PHI in texts: rules, network, judge, what is known of a subject, and what one finding says of the rest."""
