"""Read free-text notes: headers, named people, text."""
