"""Models of the libraries torch and transformers: loading them, and running them over texts of very unequal length.

The only modules of this package that import torch; scorers import them inside the functions that need them.
"""
