"""Engines: what answers prompts, one file each, with requests, answers and a table of errors in common."""
