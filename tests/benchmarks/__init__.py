"""Speed and quality as ratios within one run: not part of the tests, no wall-clock time in assertions."""
