"""Measure detection against annotated notes."""
