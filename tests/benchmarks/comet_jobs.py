"""What the benchmark of COMET compares with, run by the Python of COMET's environment.

`python -I comet_jobs.py JOB ...`:

    score DTYPE BATCH MODEL SOURCES REFERENCES TRANSLATIONS...   `comet-score`, as its command line runs it
    inside WORKER BATCH ROWS                                     our worker's code in this process, without its pipe

Prints a JSON line: the seconds and CPU seconds of scoring alone, without imports, loading and reading, and the scores.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import time
from pathlib import Path


def score(dtype: str, batch: str, model: str, sources: str, references: str, *translations: str) -> None:
    """`comet-score`; with `float32` its halving of the model is left out."""
    from comet.cli import score as cli

    os.chdir(model)
    seconds = cpu = 0.0
    scores: list[float] = []
    load = cli.load_from_checkpoint

    def loaded(path: str) -> object:
        metric = load(path, reload_hparams=True)
        predict = metric.predict

        def timed(*args: object, **options: object) -> object:
            nonlocal seconds, cpu
            began, used = time.perf_counter(), time.process_time()
            made = predict(*args, **options)
            seconds += time.perf_counter() - began
            cpu += time.process_time() - used
            scores.extend(made.scores)
            return made

        metric.predict = timed
        if dtype == "float32":
            metric.half = lambda: metric
        return metric

    cli.load_from_checkpoint = loaded
    said = ["-r", references] if references else []
    options = ["--gpus", "0", "--batch_size", batch, "--quiet", "--only_system", "--model", "checkpoints/model.ckpt"]
    sys.argv = ["comet-score", "-s", sources, *said, "-t", *translations, *options]
    cli.score_command()
    print(json.dumps({"seconds": seconds, "cpu": cpu, "scores": scores}))


def inside(worker: str, batch: str, rows: str) -> None:
    """Our worker's own code over the same request."""
    told = json.loads(Path(rows).read_text("utf-8"))
    metric = runpy.run_path(worker)["Metric"](told["settings"], id)
    limits = {"batch_size": int(batch), "batch_tokens": 10**9}
    numbers: dict[str, int] = {}
    places = [[numbers.setdefault(text, len(numbers)) for text in row] for row in told["rows"]]
    began, used = time.perf_counter(), time.process_time()
    metric.answer({"id": 1, "texts": list(numbers), "rows": places, **limits})
    took = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - used}
    print(json.dumps({**took, "scores": []}))


if __name__ == "__main__":
    {"score": score, "inside": inside}[sys.argv[1]](*sys.argv[2:])
