"""Telephone and fax numbers, e-mail, web and network addresses."""
