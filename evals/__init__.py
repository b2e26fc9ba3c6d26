"""What came out: benchmarks, statistics of their results, ratings, the Pareto picture and its report."""
