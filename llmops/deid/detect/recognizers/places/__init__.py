"""Places, organisations and workplaces."""
