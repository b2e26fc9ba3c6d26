"""Deduplication: which rows say the same."""
