"""Speed and quality, measured as ratios within one run: never part of the tests, never a clock time in an assert."""
