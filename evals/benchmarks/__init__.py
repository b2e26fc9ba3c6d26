"""Benchmarks, one file each, found by file name: where the prompts come from, and what is measured of the answers."""
