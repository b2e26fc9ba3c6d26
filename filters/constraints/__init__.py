"""Constraints that a response either meets or not, checked without a model: what IFEval and M-IFEval ask for.

`catalog` knows them by name, `readers` makes them of other collections' rows, `compose` says which of them go together.
The types and the meaning of their arguments are those of IFEval (Zhou et al. 2023, arXiv 2311.07911) and of M-IFEval
(Dussolle et al. 2025, arXiv 2502.04688).
"""
