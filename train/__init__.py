"""Thin trainers over TRL: datasets in, a model with its papers out. `python -m train.sft RECIPE` and its like."""
