"""Verifies an audit directory offline: streams, anchors, and what it says was published."""
