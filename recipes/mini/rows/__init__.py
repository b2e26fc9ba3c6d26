"""Rows that the phrasebook writes, of the kinds that `read` takes."""
