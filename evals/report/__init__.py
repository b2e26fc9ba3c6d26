"""The report of an evaluation: what was measured of which model, what it shows, and what it does not."""
