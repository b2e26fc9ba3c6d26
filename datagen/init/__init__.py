"""Recipes for files that nobody has described: look at them, say what they seem to be, write it down with comments."""
