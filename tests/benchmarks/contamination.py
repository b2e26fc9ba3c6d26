"""Rows a second of the contamination scorer against 100,000 test items, in one process and in two.

Run: python tests/benchmarks/contamination.py
"""

import multiprocessing
import os
import resource
import tempfile
import time
from pathlib import Path

FLOOR = 25_000
"""Rows a second and core; pairs of 80 + 80 characters."""
TEST_ITEMS = 100_000
ROWS = 50_000
SHARDS = 4
PLANTED = 500
"""Rows of a shard that are test items."""


def seconds(test: Path, shard: Path) -> float:
    """How long one shard takes a process that has built its index."""
    import polars as pl

    from filters.base import with_roles
    from filters.scorers.contamination import Contamination

    scorer = Contamination(against=(test,))
    frame = with_roles(pl.scan_parquet(shard), "pair").collect()
    scorer.score(frame.head(1))
    start = time.perf_counter()
    flags = scorer.score(frame)["flag_contamination"]
    took = time.perf_counter() - start
    assert PLANTED <= flags.sum() < 1.1 * PLANTED
    return took


def main() -> None:
    # As in the worker pool: a process for each core, with one thread in each.
    os.environ["POLARS_MAX_THREADS"] = "1"
    import polars as pl
    from made_up import Pairs, write_dataset

    with tempfile.TemporaryDirectory() as temporary:
        test, shard = Path(temporary) / "test", Path(temporary) / "shard.parquet"
        items = Pairs(seed=1).frame(TEST_ITEMS, 0)
        write_dataset(iter([items]), test)
        planted = items.filter(pl.col("source").str.contains(r"^(\pL+\PL+){13}")).head(PLANTED)
        pl.concat([planted, Pairs(seed=2).frame(ROWS - PLANTED, 0)]).write_parquet(shard)
        print(f"contamination: {ROWS:,} rows against {TEST_ITEMS:,} test items, pairs of 80 + 80 characters")
        for workers in (1, 2):
            with multiprocessing.get_context("spawn").Pool(workers) as pool:
                times = pool.starmap(seconds, [(test, shard)] * SHARDS, chunksize=1)
            rate = workers * ROWS * SHARDS / sum(times)
            print(f"{workers} process(es): {rate:,.0f} rows/s, {rate / (FLOOR * workers):.2f} times the floor")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"at most {peak:,.0f} MiB resident in a process")


if __name__ == "__main__":
    main()
