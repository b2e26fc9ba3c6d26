"""The phrasebook's grammar: what sentences mean (`frames`, `meaning`) and how each language says it."""
