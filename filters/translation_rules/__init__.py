"""Rules that a translation can be checked against: dates, units, tags, terms and the like, a file for each family."""
