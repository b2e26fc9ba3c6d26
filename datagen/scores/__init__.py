"""Verdicts of learned scorers: kept by what was judged, so that nothing is judged twice."""
