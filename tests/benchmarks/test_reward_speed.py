"""The scorer `reward` on the CPU against batches of eight chats as they come, at equal rewards."""

import json
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from harness import Report
from tiny_models import make_chat_model

pytestmark = pytest.mark.bench

CHATS, ROWS = 96, 8


def answers(shared_data: Path) -> list[list[dict[str, str]]]:
    """Real questions with real answers, as they come."""
    file = shared_data / "arena_hard/arena-hard-v0.1/model_answer/gpt-4-0314.jsonl"
    chats = []
    for line in file.read_text("utf-8").split("\n")[:CHATS]:
        question, answer = json.loads(line)["messages"]
        chats.append([question, {"role": "assistant", "content": answer["content"]["answer"]}])
    return chats


def test_sorted_batches_against_batches_of_eight(folder: Path, report: Report, shared_data: Path) -> None:
    torch = pytest.importorskip(
        "torch", reason="needs torch and transformers: run it in .venv-train, after make test-train"
    )
    import transformers

    from filters.learned import Services
    from filters.scorers.reward import Reward

    chats = answers(shared_data)
    # The size of MiniLM-L6: 6 layers of 384.
    texts = [turn["content"] for chat in chats for turn in chat]
    base = make_chat_model(folder / "base", hidden=384, layers=6, vocabulary=16_000, context=8192, texts=texts)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(base, num_labels=1, pad_token_id=0)
    torch.manual_seed(1)
    torch.nn.init.normal_(model.score.weight)
    model.save_pretrained(folder / "reward")
    tokenizer = transformers.AutoTokenizer.from_pretrained(base, pad_token="<|end|>")
    tokenizer.save_pretrained(folder / "reward")
    model.eval()

    def plain() -> list[float]:
        rewards: list[float] = []
        for start in range(0, len(chats), ROWS):
            inputs = tokenizer.apply_chat_template(
                chats[start : start + ROWS], padding=True, return_dict=True, return_tensors="pt"
            )
            with torch.no_grad():
                rewards += model(**inputs).logits[:, 0].tolist()
        return rewards

    told: list[Any] = []
    scorer = Reward(model=str(folder / "reward"), device="cpu", dtype="float32")
    prompts = pl.DataFrame({"prompt": [chat[:1] for chat in chats], "response": [chat[1]["content"] for chat in chats]})
    items = scorer.items(prompts.with_columns(pl.col("response").alias("@output")))
    with scorer.open(Services(folder=folder, tell=told.append)) as judge:

        def ours() -> list[float]:
            rewards = [0.0] * len(chats)
            for places, values in judge(items.select("chat")):
                for place, reward in zip(places, values["score"], strict=True):
                    rewards[place] = reward
            return rewards

        times: dict[str, list[float]] = {"plain": [], "ours": []}
        made: dict[str, list[float]] = {}
        for _ in range(2):
            for name, rewards in {"plain": plain, "ours": ours}.items():
                began = time.perf_counter()
                made[name] = rewards()
                times[name].append(time.perf_counter() - began)
    assert made["ours"] == pytest.approx(made["plain"], abs=1e-3)
    lengths = [len(tokenizer.apply_chat_template(chat, return_dict=False)) for chat in chats]
    padded = sum(max(lengths[at : at + ROWS]) * len(lengths[at : at + ROWS]) for at in range(0, len(chats), ROWS))
    report.add("reward, padding of batches of eight as they come", 1 - sum(lengths) / padded, "of all tokens")
    report.add(
        "reward, padding", next(each["padding"] for each in told if "padding" in each), "of all tokens", most=0.1
    )
    report.add("reward", sum(lengths) / min(times["ours"]), "tokens/s")
    report.add("reward: times as fast", min(times["plain"]) / min(times["ours"]), "times", least=2.5)
