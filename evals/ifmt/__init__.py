"""Instruction-following translation: test sets of our own after the idea of IF-MT, whose data was not found."""
