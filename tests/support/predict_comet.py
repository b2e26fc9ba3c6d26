"""The library's own `predict`, run by the Python of COMET's environment: `python -I predict_comet.py < JOBS`.

JOBS is a JSON list; each job is the folder of a model that train_comet.py made, the sides of its rows (`src`, `mt`,
`ref`), and rows of texts in this order. Prints a JSON line for each: scores, and error spans where there are any.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings

from comet import load_from_checkpoint

warnings.filterwarnings("ignore")
logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)


def main() -> None:
    """Score what stands on the input."""
    for model, sides, rows in json.load(sys.stdin):
        # The library looks for the encoder, `../encoder`, from the folder where it runs.
        os.chdir(model)
        metric = load_from_checkpoint("checkpoints/model.ckpt", reload_hparams=True)
        named = [dict(zip(sides, row, strict=True)) for row in rows]
        made = metric.predict(named, batch_size=16, gpus=0, progress_bar=False)
        spans = made.metadata.get("error_spans") if "metadata" in made else None
        print(json.dumps({"scores": made.scores, "spans": spans}), flush=True)


if __name__ == "__main__":
    main()
