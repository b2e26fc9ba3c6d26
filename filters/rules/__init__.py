"""Filters, one file each: the file is named after the fault that it drops, and that is its name in recipes."""
