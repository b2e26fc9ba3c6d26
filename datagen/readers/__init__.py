"""Formats that `read` understands: one file each, found by its name (`jsonl:` in a recipe is jsonl.py here)."""
