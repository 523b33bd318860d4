"""Verify an audit directory offline: streams, anchors, and published artifacts."""
