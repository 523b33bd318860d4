"""Measures detection against annotated notes."""
