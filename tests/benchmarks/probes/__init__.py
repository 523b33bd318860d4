"""Name and number probes: what everybody is called and what every chart holds, put into notes and alone."""
