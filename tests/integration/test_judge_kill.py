"""A judge that is killed in the middle: what was answered is not asked again, and the verdicts are the same."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from servers import ChatServer

import corpus

ROWS = 400
CEILING = 16


def start(recipe: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "datagen.cli", "run", str(recipe), "--runs", str(recipe.parent / "runs")]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.slow)])
def test_killed_at_random_moments(kills: int, tmp_path: Path) -> None:
    words = ["", "judge:refuses", "judge:once_broken", "judge:prose"]
    lines = [
        json.dumps(
            {"source": "a", "target": f"score={n % 101} {n} 句 {words[n % 4]}", "src_lang": "de", "tgt_lang": "en"}
        )
        for n in range(ROWS)
    ]
    (tmp_path / "pairs.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    chance = random.Random(5)
    with ChatServer(judges=True, latency_s=0.05, faults={"500": 0.03, "reset": 0.02}) as server:
        recipe = tmp_path / "recipe.yaml"
        recipe.write_text(
            f"""
            name: judged
            stages:
              rows: {{read: {{jsonl: pairs.jsonl, kind: pair, rows_per_shard: 150}}}}
              scored:
                score:
                  scorers:
                    - judge: {{engine: {{openai: {{model: m, base_url: '{server.url}', max_concurrency: {CEILING}}}}}}}
            """,
            "utf-8",
        )
        for _ in range(kills):
            before, wait = server.stats()["total"], chance.randrange(10, 500 // kills)
            run = start(recipe)
            while run.poll() is None and server.stats()["total"] < before + wait:
                time.sleep(0.005)
            assert run.poll() is None, run.communicate()[0]
            os.killpg(run.pid, signal.SIGKILL)
            run.communicate()
        run = start(recipe)
        output, _ = run.communicate(timeout=100)
        assert run.returncode == 0, output
        stats = server.stats()
    assert stats["unique_answered"] == ROWS + ROWS // 2, "each row once, half of them once more"
    assert stats["answered_twice"] <= kills * CEILING, "more was paid twice than can have been on its way"
    [manifest] = tmp_path.glob("runs/judged/scored-*/manifest.json")
    told = corpus.open(manifest.parent).scan().select("score_judge", "label_judge_note").collect()
    expected = [None if n % 4 == 1 else float(n % 101) for n in range(ROWS)]
    assert told["score_judge"].to_list() == expected
    assert told["label_judge_note"].drop_nulls().value_counts().rows() == [("unreadable verdict", ROWS // 4)]
    assert told.filter(pl.col("score_judge").is_null())["label_judge_note"].null_count() == 0
