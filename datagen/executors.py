"""Carry out a stage: shard stages here or in a local pool, flow stages row by row, dataset stages whole."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

from corpus.errors import Failure
from corpus.manifest import Counts
from datagen.folder import StageFolder
from datagen.inputs import Inputs
from datagen.progress import Progress
from datagen.recipe import Named
from datagen.stages.base import (
    Context,
    DatasetStage,
    FlowStage,
    Piece,
    Result,
    ShardStage,
)

_START_UP = 3.0
"""Seconds of work that worker processes must save before they are worth their own start."""


def execute(stage: Named, inputs: Inputs, out: StageFolder, context: Context, workers: int, progress: Progress) -> None:
    """Make every shard of a stage that is not there yet.

    Raises:
        Failure: a shard of an input is missing, or a worker process died.
    """
    for dataset in inputs.datasets:
        dataset.files()  # refuses a dataset that lost a shard
    options = stage.options
    if isinstance(options, DatasetStage):
        progress.started(stage, None)
        pieces = [inputs.pieces_of(dataset) for dataset in inputs.datasets]
        options.run_all(pieces, inputs.headers, _Told(out, progress), context)
        return
    missing = [piece for piece in inputs.pieces() if not out.done(piece.name)]
    progress.started(stage, len(missing))
    if isinstance(options, FlowStage):
        options.flow(inputs.pieces(), _Told(out, progress), context)
        lost = [piece.name for piece in missing if not out.done(piece.name)]
        if lost:
            raise RuntimeError(f"the stage left shards unmade: {', '.join(lost)}")
    elif isinstance(options, ShardStage):
        if missing:
            options.prepare(inputs.pieces(), context)
            _shards(options, missing, out, context, workers, progress)
    else:
        raise TypeError(f"{type(options).__name__} is no shard, flow or dataset stage")


def run_shard(stage: ShardStage, piece: Piece, out: StageFolder, context: Context) -> tuple[int, float]:
    """Make one shard and say how many rows went in and how long it took; runs in workers too."""
    started = time.perf_counter()
    frame = piece.load(context.header)
    result = stage.run(frame, piece.name, context)
    # Rows are joined where files are several; to ask one file again how long it is would be idle.
    if len(piece.files) > 1 and (joined := piece.height() - frame.height):
        result = result._replace(counts={**result.counts, "joined": joined})
    out.write(piece.name, result, piece.split)
    return frame.height, time.perf_counter() - started


def _shards(
    stage: ShardStage, missing: Sequence[Piece], out: StageFolder, context: Context, workers: int, progress: Progress
) -> None:
    workers = min(workers, len(missing))
    if workers <= 1 or not stage.native:
        missing = _here(stage, missing, out, context, progress, patience=math.inf if workers <= 1 else _START_UP)
    if not missing:
        return
    # What tells people of a stage at work belongs to this process, and shard stages tell nothing.
    context = replace(context, tell=print)
    with _pool(stage, workers) as pool:
        futures: list[Future[tuple[int, float]]] = [
            pool.submit(run_shard, stage, piece, out, context) for piece in missing
        ]
        try:
            for future in as_completed(futures):
                progress.advanced(future.result()[0])
        except BrokenProcessPool:
            raise Failure(
                "a worker process died without a word, most often for lack of memory; finished shards are kept. "
                "Run again with fewer --workers"
            ) from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _here(
    stage: ShardStage,
    missing: Sequence[Piece],
    out: StageFolder,
    context: Context,
    progress: Progress,
    *,
    patience: float,
) -> Sequence[Piece]:
    """Make shards in this process until the rest would take more than `patience` seconds; the rest."""
    for done, piece in enumerate(missing, 1):
        rows, seconds = run_shard(stage, piece, out, context)
        progress.advanced(rows)
        if seconds * (len(missing) - done) > patience:
            return missing[done:]
    return ()


def _pool(stage: ShardStage, workers: int) -> Executor:
    """Threads where polars does the work (it lets go of Python's lock), else fresh processes.

    Processes are spawned, since polars' threads do not survive a fork, and each gets its share of the cores.
    """
    if stage.native:
        return ThreadPoolExecutor(workers)
    os.environ.setdefault("POLARS_MAX_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_run)


def _end_with_run() -> None:
    """End this worker when the run that started it is gone, however it went: it would wait for work for ever.

    Ctrl-C, which reaches workers as well, ends them at once; as an exception it would end a shard, and they would go on
    with the next.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    run = multiprocessing.parent_process()

    def watch() -> None:
        if run is not None:
            run.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class _Told:
    """A stage folder that tells the progress of each shard; what a dataset stage writes to."""

    def __init__(self, out: StageFolder, progress: Progress) -> None:
        self._out = out
        self._progress = progress

    def done(self, name: str) -> bool:
        return self._out.done(name)

    def write(self, name: str, result: Result, split: str = "train") -> None:
        self._out.write(name, result, split)
        self._progress.advanced(result.rows.height)

    def count(self, counts: Counts) -> None:
        self._out.count(counts)

    def discard(self) -> None:
        self._out.discard()
