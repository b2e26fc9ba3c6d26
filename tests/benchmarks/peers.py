"""datatrove's pipelines, as a program of its own: `python peers.py PIPELINE INPUT OUTPUT WORKERS`.

Prints the seconds that the pipeline took, without Python's start and datatrove's import. Settings that are not named
are datatrove's defaults.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.filters import LambdaFilter, LanguageFilter
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers import ParquetWriter
from datatrove.utils.lid import FastTextLID

from filters.recognizer import lid176


class LocalModel(FastTextLID):
    """lid.176.ftz from where it lies; `LanguageFilter` itself takes no path."""

    MODEL_URL = str(lid176())
    MODEL_SUBFOLDER = "local"


def has_text(document) -> bool:
    """The least that a filter can do."""
    return bool(document.text)


def main(pipeline: str, folder: str, out: str, workers: str) -> None:
    if pipeline == "lambda":
        step, text = LambdaFilter(has_text), "target"
    else:
        step, text = LanguageFilter(), "text"
        step.model = LocalModel()
    shards = len(list(Path(folder, "data").glob("*.parquet")))
    executor = LocalPipelineExecutor(
        pipeline=[ParquetReader(f"{folder}/data", text_key=text), step, ParquetWriter(out, expand_metadata=True)],
        # A task for each shard, as here; a lone worker runs within this process.
        tasks=shards,
        workers=int(workers),
        logging_dir=f"{out}-logs",
    )
    started = time.perf_counter()
    executor.run()
    print(f"seconds {time.perf_counter() - started:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
