"""Rows a second of the contamination scorer against 100,000 test items, in one process and in two.

Run: python tests/benchmarks/contamination.py [ROWS]
"""

import multiprocessing
import os
import random
import sys
import tempfile
import time
from pathlib import Path

FLOOR = 50_000
"""Rows a second on two cores, pairs of 80 + 80 characters."""
TEST_ITEMS = 100_000
CHUNK = 50_000


def made_up_text(words: list[str], random_: random.Random) -> str:
    """About 80 characters of words whose frequencies fall as in real text (Zipf)."""
    text = ""
    while len(text) < 80:
        text += words[min(int(random_.paretovariate(0.9)) - 1, len(words) - 1)] + " "
    return text[:80]


def pairs(rows: int, seed: int):
    import polars as pl

    random_ = random.Random(seed)
    words = ["".join(random_.choices("etaoinsrhldcumfpgwybvk", k=random_.randint(2, 9))) for _ in range(30_000)]
    texts = [made_up_text(words, random_) for _ in range(2 * rows)]
    return pl.DataFrame({"source": texts[:rows], "target": texts[rows:]})


def score(folder: Path, shard: Path) -> float:
    """Seconds that one shard takes a process which has built its index."""
    import polars as pl

    from filters.scorers.contamination import Contamination

    scorer = Contamination(against=(folder,))
    frame = pl.read_parquet(shard).select(pl.col("source").alias("@source"), pl.col("target").alias("@output"))
    scorer.score(frame.head(1))
    start = time.perf_counter()
    scorer.score(frame)
    return time.perf_counter() - start


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    # As in the project's worker pool: a process for each core, and one thread in each.
    os.environ["POLARS_MAX_THREADS"] = "1"
    import psutil

    import corpus

    with tempfile.TemporaryDirectory() as temporary:
        folder, shard = Path(temporary) / "test", Path(temporary) / "shard.parquet"
        test = pairs(TEST_ITEMS, seed=1)
        corpus.write(test, "pair", folder)
        shard_rows = pairs(CHUNK, seed=2)
        # One row in a hundred is a test item.
        shard_rows[: CHUNK // 100].extend(shard_rows[CHUNK // 100 :])
        shard_rows = test.head(CHUNK // 100).vstack(shard_rows.tail(-(CHUNK // 100)))
        shard_rows.write_parquet(shard)
        for workers in (1, 2):
            with multiprocessing.get_context("spawn").Pool(workers) as pool:
                seconds = pool.starmap(score, [(folder, shard)] * max(workers, rows // CHUNK), chunksize=1)
            rate = workers * CHUNK / (sum(seconds) / len(seconds))
            floor = FLOOR * workers / 2
            print(f"contamination, {workers} process(es): {rate:,.0f} rows/s, {rate / floor:.2f} times the floor")
        before = psutil.Process().memory_info().rss
        start = time.perf_counter()
        score(folder, shard)
        grown = (psutil.Process().memory_info().rss - before) / 2**20
        print(
            f"index and one shard in this process: {time.perf_counter() - start:.1f} s, {grown:.0f} MiB more resident"
        )


if __name__ == "__main__":
    main()
