"""`python -m evals`."""

from evals.cli import app

app()
