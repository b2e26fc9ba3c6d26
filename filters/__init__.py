"""What is kept: filters judge rows, scorers add what they judge by."""
