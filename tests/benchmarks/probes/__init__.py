"""Name and number probes: common names and common chart content, inserted into notes and alone."""
