"""The engine `transformers` on the CPU against the library's own `generate`, a prompt at a time, at equal answers."""

import random
import time
from pathlib import Path

import pytest
from harness import Report
from kept import ask, texts
from tiny_models import TEXTS, make_chat_model

pytestmark = pytest.mark.bench

PROMPTS, MAX_TOKENS = 40, 80


def test_batches_against_one_by_one(folder: Path, report: Report) -> None:
    torch = pytest.importorskip(
        "torch", reason="needs torch and transformers: run it in .venv-train, after make test-train"
    )
    import transformers

    from datagen.engines.transformers import Transformers

    model = make_chat_model(folder / "model", hidden=512, layers=8, vocabulary=16_000, context=2048)
    rng = random.Random(5)
    # Skewed as prompts are: many short ones, a few twenty times as long.
    prompts = [" ".join(rng.choices(TEXTS, k=min(20, int(rng.lognormvariate(0.7, 1)) + 1))) for _ in range(PROMPTS)]

    alone = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    weights = sum(each.numel() for each in alone.parameters()) / 1e6

    def one_by_one(prompt: str) -> str:
        chat = [{"role": "user", "content": prompt}]
        inputs = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt")
        made = alone.generate(**inputs, max_new_tokens=MAX_TOKENS, do_sample=False, pad_token_id=0)
        said = made[0, inputs["input_ids"].shape[1] :]
        text = str(tokenizer.decode(said, skip_special_tokens=True, clean_up_tokenization_spaces=False))
        return text if said[-1] == tokenizer.eos_token_id else text.rstrip("\ufffd")

    one_by_one(prompts[0])
    started = time.perf_counter()
    expected = [one_by_one(prompt) for prompt in prompts]
    library = time.perf_counter() - started

    engine = Transformers(model=str(model), dtype="float32", device="cpu", max_tokens=MAX_TOKENS)
    started = time.perf_counter()
    kept = ask(engine, prompts)
    ours = time.perf_counter() - started

    assert texts(kept) == expected
    name = f"a Llama of {weights:.0f} M weights, float32, {PROMPTS} skewed prompts"
    report.add(f"{name}: generate one by one", PROMPTS / library, "answers/s")
    report.add("engine transformers, with the time to load the model", PROMPTS / ours, "answers/s")
    report.add("engine transformers by one by one, equal answers", library / ours, "times", least=3)
