"""The answer store: what models answered, kept outside the datasets that are made of it."""
