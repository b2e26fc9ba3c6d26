"""The engine `transformers` on tiny models: what it answers is what the library answers, one by one."""

import dataclasses
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from kept import Kept, ask, key_of, requests_of, texts
from tiny_models import TEMPLATE

from corpus.chat import assistant, user
from corpus.errors import UserError
from datagen.engines.transformers import Transformers

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="needs torch and transformers: make test-train")
pytestmark = [needs_torch, pytest.mark.filterwarnings("default:::torch")]

PROMPTS = [
    "Hi",
    "When does the ferry leave? " * 6,
    "去群岛的渡轮几点出发?",
    "متى تغادر العبارة؟ " * 3,
    "เรือข้ามฟากออกกี่โมง",
    "नौका कब निकलती है?",
    "島へのフェリーは何時に出発しますか。" * 4,
    "x",
]


def engine(model: Path, **options: Any) -> Transformers:
    # float32: in bfloat16 padding alone makes other tokens the likeliest.
    return Transformers(model=str(model), dtype=options.pop("dtype", "float32"), device="cpu", **options)


def variant(model: Path, folder: Path, **generation: Any) -> Path:
    """The model with another generation config."""
    shutil.copytree(model, folder)
    file = folder / "generation_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | generation))
    return folder


@dataclasses.dataclass
class Alone:
    """The library's own `generate`, a prompt at a time."""

    model: Any
    tokenizer: Any

    @classmethod
    def of(cls, folder: Path) -> "Alone":
        import transformers

        model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
        return cls(model, transformers.AutoTokenizer.from_pretrained(folder))

    def ids(self, prompt: str) -> Any:
        chat = [{"role": "user", "content": prompt}]
        return self.tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt")

    def answer(self, prompt: str, **options: Any) -> list[int]:
        inputs = self.ids(prompt)
        made = self.model.generate(**inputs, pad_token_id=0, **options)
        return list(made[0, inputs["input_ids"].shape[1] :].tolist())

    def text(self, tokens: Sequence[int]) -> str:
        """What they say; where they were cut within a character, without it."""
        said = self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return str(said) if tokens[-1] == self.tokenizer.eos_token_id else str(said).rstrip("\ufffd")


@pytest.fixture(scope="module")
def alone(tiny_model: Path) -> Alone:
    return Alone.of(tiny_model)


@pytest.mark.parametrize("limits", [{"batch_size": 1}, {"batch_size": 3}, {"batch_tokens": 300}, {}], ids=str)
def test_greedy_answers_are_the_librarys(tiny_model: Path, alone: Alone, limits: dict[str, int]) -> None:
    kept = ask(engine(tiny_model, max_tokens=24, **limits), PROMPTS)
    for number, prompt in enumerate(PROMPTS):
        tokens = alone.answer(prompt, max_new_tokens=24)
        finish_reason = "stop" if tokens[-1] == alone.tokenizer.eos_token_id else "length"
        assert kept.answers[key_of(number)] == (alone.text(tokens), None, finish_reason, None)
        assert kept.bodies[key_of(number)].usage == (alone.ids(prompt)["input_ids"].shape[1], len(tokens), 0)
    assert kept.most_in_flight == limits.get("batch_size", 5 if limits else len(PROMPTS))


@pytest.mark.parametrize(
    "options",
    [{"repetition_penalty": 1.3}, {"temperature": 0.0, "repetition_penalty": 1.5}],
    ids=str,
)
def test_padding_changes_no_answer(tiny_model: Path, alone: Alone, options: dict[str, Any]) -> None:
    kept = ask(engine(tiny_model, max_tokens=24, **options), PROMPTS)
    penalty = options.get("repetition_penalty", 1.0)
    expected = [alone.answer(prompt, max_new_tokens=24, repetition_penalty=penalty) for prompt in PROMPTS]
    assert texts(kept) == [alone.text(tokens) for tokens in expected]


@pytest.mark.parametrize("batch_size", [1, 3, 16])
def test_a_sample_does_not_depend_on_its_batch(tiny_model: Path, batch_size: int) -> None:
    options = {"temperature": 0.9, "top_p": 0.95, "top_k": 200, "min_p": 0.01, "repetition_penalty": 1.1}
    every = ask(engine(tiny_model, max_tokens=12, **options), PROMPTS, n=3)
    asked = list(requests_of(PROMPTS, n=3))
    random.Random(batch_size).shuffle(asked)
    kept = Kept()
    engine(tiny_model, max_tokens=12, batch_size=batch_size, **options).answer(iter(asked), kept)
    assert texts(kept) == texts(every)
    assert len(set(texts(kept))) == len(asked), "seeds differ"


@pytest.mark.parametrize("options", [{"top_k": 1}, {"top_p": 1e-6}, {"min_p": 1.0}, {"temperature": 1e-4}], ids=str)
def test_nothing_left_to_draw_from_is_greedy(tiny_model: Path, options: dict[str, Any]) -> None:
    greedy = ask(engine(tiny_model, max_tokens=12, temperature=0.0), PROMPTS)
    sampled = ask(engine(tiny_model, max_tokens=12, **{"temperature": 1.0, **options}), PROMPTS)
    assert texts(sampled) == texts(greedy)


def test_the_generation_config_is_respected(tiny_model: Path, tmp_path: Path, alone: Alone) -> None:
    greedy = [alone.answer(prompt, max_new_tokens=20) for prompt in PROMPTS]
    end = greedy[0][7]
    says = {"eos_token_id": [alone.tokenizer.eos_token_id, end], "max_new_tokens": 20}
    model = variant(tiny_model, tmp_path / "ends", **says)
    kept = ask(engine(model), PROMPTS)
    eos = alone.tokenizer.eos_token_id
    cut = [[*tokens[: tokens.index(end)], eos] if end in tokens else tokens for tokens in greedy]
    assert texts(kept) == [alone.text(tokens) for tokens in cut]
    first = kept.answers[key_of(0)], kept.bodies[key_of(0)].usage
    assert first[0].finish_reason == "stop"
    assert first[1] is not None
    assert first[1].completion_tokens == greedy[0].index(end) + 1, "the token that ended it counts"

    sampling = variant(tiny_model, tmp_path / "samples", do_sample=True, temperature=0.7, max_new_tokens=20)
    from_config = texts(ask(engine(sampling), PROMPTS))
    assert from_config == texts(ask(engine(tiny_model, temperature=0.7, max_tokens=20), PROMPTS))
    assert texts(ask(engine(sampling, temperature=0.0), PROMPTS)) == [alone.text(tokens) for tokens in greedy]
    assert texts(ask(engine(sampling, temperature=1.5), PROMPTS)) != from_config


def test_stop_texts(tiny_model: Path) -> None:
    whole = ask(engine(tiny_model, max_tokens=40), PROMPTS)
    first = texts(whole)[0]
    # Something that the model writes in the middle of its answer, and that no other answer has.
    stop = next(
        first[place : place + 3]
        for place in range(10, len(first) - 3)
        if "\ufffd" not in first[place : place + 3] and first.count(first[place : place + 3]) == 1
        if not any(first[place : place + 3] in other for other in texts(whole)[1:])
    )
    kept = ask(engine(tiny_model, max_tokens=40, stop=["never written", stop]), PROMPTS)
    assert texts(kept) == [first[: first.index(stop)], *texts(whole)[1:]]
    assert kept.answers[key_of(0)].finish_reason == "stop"
    usage = kept.bodies[key_of(0)].usage
    assert usage is not None
    assert 3 < usage.completion_tokens < 40


def test_logprobs_are_those_of_the_model_as_it_is(tiny_model: Path, alone: Alone) -> None:
    import torch

    options = {"temperature": 0.5, "top_p": 0.9, "repetition_penalty": 1.2, "logprobs": True}
    kept = ask(engine(tiny_model, max_tokens=12, **options), PROMPTS)
    greedy = ask(engine(tiny_model, max_tokens=12, logprobs=True), PROMPTS)
    for number, prompt in enumerate(PROMPTS):
        tokens = alone.answer(prompt, max_new_tokens=12)
        inputs = alone.ids(prompt)["input_ids"]
        logits = alone.model(torch.cat([inputs, torch.tensor([tokens])], 1)).logits[0, inputs.shape[1] - 1 : -1]
        expected = logits.log_softmax(-1).gather(1, torch.tensor(tokens)[:, None])[:, 0]
        logprobs = greedy.answers[key_of(number)].logprobs
        assert logprobs == pytest.approx(expected.tolist(), abs=1e-4)
        sampled = kept.answers[key_of(number)].logprobs
        assert sampled is not None
        assert len(sampled) == 12
        assert max(sampled) < 0


def test_frequency_penalty_keeps_from_repeating(tiny_model: Path, alone: Alone) -> None:
    kept = ask(engine(tiny_model, max_tokens=60, frequency_penalty=2.0, presence_penalty=2.0), PROMPTS)
    free = ask(engine(tiny_model, max_tokens=60), PROMPTS)

    def repeated(kept: Kept) -> int:
        tokens = [alone.tokenizer(text)["input_ids"] for text in texts(kept)]
        return sum(len(each) - len(set(each)) for each in tokens)

    assert repeated(kept) < repeated(free)


def test_what_cannot_be_asked_fails_alone(tiny_model: Path) -> None:
    prompts = [
        "Hi",
        "When does the ferry leave? " * 100,
        [user("Hi"), {"role": "tool", "content": "9:00"}],
        [{"role": "system", "content": "اختصر"}, user("متى؟"), assistant("٩"), user("شكرا")],
    ]
    kept = ask(engine(tiny_model, max_tokens=8), prompts, n=2)
    told = {key: (problem.kind, problem.message) for key, problem in kept.failures.items()}
    assert {key_of(0, 0), key_of(0, 1), key_of(3, 0), key_of(3, 1)} == set(kept.answers)
    assert told[key_of(1, 0)] == told[key_of(1, 1)]
    assert told[key_of(1, 0)][0] == "too_long"
    assert told[key_of(1, 0)][1].endswith("the context is 512")
    assert told[key_of(2, 1)] == ("bad_request", "the chat template refuses the prompt: no tools here")


def test_an_answer_ends_where_the_context_does(tiny_model: Path, alone: Alone) -> None:
    prompt = "When does the ferry leave? " * 40
    room = 512 - alone.ids(prompt)["input_ids"].shape[1]
    assert 0 < room < 100
    kept = ask(engine(tiny_model, max_tokens=100), ["Hi", prompt])
    tokens = [kept.bodies[key_of(number)].usage for number in (0, 1)]
    assert [usage.completion_tokens for usage in tokens if usage] == [100, room]
    assert kept.answers[key_of(1)].finish_reason == "length"


def test_a_stop_takes_effect_between_batches_and_tokens(tiny_model: Path) -> None:
    kept = ask(engine(tiny_model, max_tokens=4, batch_size=2), PROMPTS, kept=Kept(stop_after=3))
    assert len(kept.answers) == 4
    assert not kept.failures

    class Soon(Kept):
        """Stops after it was looked at so often, which happens with every token."""

        looks = 60

        @property
        def stopped(self) -> bool:
            self.looks -= 1
            return self.looks < 0

    # One answer ends before the stop, the others are left for the next run.
    soon = Soon()
    long = "When does the ferry leave? " * 28
    ask(engine(tiny_model, max_tokens=300), [*PROMPTS, long], kept=soon)
    assert len(soon.answers) <= 1
    assert not soon.failures


def test_a_batch_goes_on_without_rows_at_their_end(
    tiny_model: Path, tmp_path: Path, alone: Alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transformers

    greedy = [alone.answer(prompt, max_new_tokens=24) for prompt in PROMPTS]
    ends = [alone.tokenizer.eos_token_id, *(tokens[2 * place] for place, tokens in enumerate(greedy[:6]))]
    model = variant(tiny_model, tmp_path / "ends", eos_token_id=ends)
    rows: list[int] = []
    forward = transformers.LlamaForCausalLM.forward

    def counted(self: Any, input_ids: Any, **options: Any) -> Any:
        rows.append(len(input_ids))
        return forward(self, input_ids=input_ids, **options)

    monkeypatch.setattr(transformers.LlamaForCausalLM, "forward", counted)
    kept = ask(engine(model, max_tokens=24), PROMPTS)
    assert rows == sorted(rows, reverse=True)
    assert rows[0] == len(PROMPTS)
    assert rows[-1] <= len(PROMPTS) // 2
    eos = alone.tokenizer.eos_token_id
    cut = [
        [*tokens[: min(tokens.index(end) for end in ends if end in tokens)], eos] if set(ends) & set(tokens) else tokens
        for tokens in greedy
    ]
    assert texts(kept) == [alone.text(tokens) for tokens in cut]


@pytest.mark.parametrize(
    "says", [{"use_cache": False}, {"min_new_tokens": 6}, {"cache_implementation": "static"}], ids=str
)
def test_models_whose_batches_cannot_be_cut_stay_whole(
    tiny_model: Path, tmp_path: Path, alone: Alone, says: dict[str, Any]
) -> None:
    greedy = [alone.answer(prompt, max_new_tokens=12) for prompt in PROMPTS]
    ends = [alone.tokenizer.eos_token_id, *(tokens[2 + place] for place, tokens in enumerate(greedy[:6]))]
    model = variant(tiny_model, tmp_path / "says", eos_token_id=ends, **says)
    single = ask(engine(model, max_tokens=12, batch_size=1), PROMPTS)
    assert texts(ask(engine(model, max_tokens=12), PROMPTS)) == texts(single)
    if "min_new_tokens" not in says:
        plain = variant(tiny_model, tmp_path / "plain", eos_token_id=ends)
        assert texts(single) == texts(ask(engine(plain, max_tokens=12), PROMPTS))


def test_reasoning_is_kept_apart(tiny_model: Path, tmp_path: Path) -> None:
    thinks = variant(tiny_model, tmp_path / "thinks")
    (thinks / "chat_template.jinja").write_text(TEMPLATE + "{% if add_generation_prompt %}<think>\n{% endif %}")
    [answer] = ask(engine(thinks, max_tokens=8), ["Hi"]).answers.values()
    assert answer.text == ""
    assert answer.reasoning


def test_logits_that_are_no_numbers_fail(tiny_model: Path, tmp_path: Path) -> None:
    import torch
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(tiny_model)
    # The row of one token: whoever reads it is lost, the others are not.
    lost = Alone.of(tiny_model).ids("Q")["input_ids"][0, 1]
    with torch.no_grad():
        model.get_input_embeddings().weight[lost] = torch.nan
    broken = shutil.copytree(tiny_model, tmp_path / "broken")
    model.save_pretrained(broken)
    kept = ask(engine(broken, max_tokens=4), ["Q", "Hi", "x"])
    assert kept.failures[key_of(0)].kind == "server_error"
    assert "not numbers" in kept.failures[key_of(0)].message
    assert set(kept.answers) == {key_of(1), key_of(2)}


def _without_template(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()


def _without_tokenizer(folder: Path) -> None:
    for file in folder.glob("tokenizer*"):
        file.unlink()


def _half_the_weights(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100_000])


def _other_layers(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 5}))


def _not_a_language_model(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "vit", "architectures": ["ViTModel"]}))


def _remote_code(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config = {**config, "model_type": "own", "auto_map": {"AutoConfig": "own.Own", "AutoModelForCausalLM": "own.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text("raise AssertionError('code was run')")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_without_template, "has no chat template"),
        (_without_tokenizer, "cannot be loaded"),
        (_half_the_weights, "cannot be loaded"),
        (_other_layers, "lacks weights: 27 in all, model.layers.2"),
        (_not_a_language_model, "cannot be loaded"),
        (_remote_code, "trust_remote_code"),
    ],
)
def test_models_that_cannot_be_used(
    tiny_model: Path, tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "spoilt")
    spoil(folder)
    with pytest.raises(UserError, match=words):
        ask(engine(folder), ["Hi"])


@pytest.mark.parametrize("name", ["x", "./x", "nowhere/x"])
def test_no_such_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=f"(no model folder|no folder) {name}"):
        ask(Transformers(model=name), ["Hi"])


def test_without_requests_no_model_is_loaded(tmp_path: Path) -> None:
    kept = Kept()
    engine(tmp_path / "nowhere").answer(iter([]), kept)
    assert not kept.answers


def test_a_model_that_is_kept_is_loaded_once(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, loads = engine(tiny_model, max_tokens=4), []
    load = Transformers._load
    monkeypatch.setattr(Transformers, "_load", lambda self: loads.append(self) or load(self))
    with one.kept():
        first, again = texts(ask(one, PROMPTS[:2])), texts(ask(one, PROMPTS[:2]))
    assert first == again
    assert len(loads) == 1
    ask(one, PROMPTS[:1])
    ask(one, PROMPTS[:1])
    assert len(loads) == 3


_LOAD_AT_ONCE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from datagen.engines.transformers import Transformers
with ThreadPoolExecutor(2) as pool:
    loaded = list(pool.map(lambda name: Transformers(model=name)._load().device.type, sys.argv[1:] * 4))
print(*set(loaded))
"""


def test_models_that_are_loaded_at_once_get_their_weights(tiny_model: Path, tmp_path: Path) -> None:
    """As the stage `generate` loads its engines: each in a thread of its own, in a process that has loaded none."""
    other = shutil.copytree(tiny_model, tmp_path / "other")
    command = [sys.executable, "-c", _LOAD_AT_ONCE, str(tiny_model), str(other)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    assert ran.returncode == 0, ran.stderr[-2000:]


def test_a_device_that_is_not_there(tiny_model: Path) -> None:
    with pytest.raises(UserError, match="there is no cuda:63 here"):
        ask(Transformers(model=str(tiny_model), device="cuda:63"), ["Hi"])


@pytest.mark.parametrize("dtype", ["auto", "bfloat16", "float16"])
def test_narrow_numbers_answer_too(tiny_model: Path, dtype: str) -> None:
    kept = ask(engine(tiny_model, dtype=dtype, max_tokens=4, temperature=1.0), PROMPTS)
    assert len(kept.answers) == len(PROMPTS)


def test_dtype_is_part_of_what_an_answer_is_and_the_batch_is_not(tiny_model: Path) -> None:
    plain, auto = engine(tiny_model), engine(tiny_model, dtype="auto", batch_size=3, batch_tokens=77)
    assert plain.sampling() == {"dtype": "float32", "library": "transformers"}
    assert auto.sampling() == {"library": "transformers"}
    assert {"device", "batch_size", "batch_tokens", "max_cost"} <= set(Transformers.speed)
    assert plain.identity() == auto.identity()


OUT_OF_MEMORY = """
import resource, sys
sys.path[:0] = [{support!r}, {root!r}]
from kept import Kept, ask
from datagen.engines.transformers import Transformers
engine = Transformers(model={model!r}, dtype="float32", device="cpu", max_tokens=16, batch_tokens=10**9)
ask(engine, ["Hi"])
held = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + 100 * 2**20,) * 2)
kept = ask(engine, [f"{{number}} ferries leave " * 40 for number in range(64)])
print(len(kept.answers), len(kept.failures), kept.most_in_flight)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux how much memory a process holds")
def test_a_batch_that_does_not_fit_is_halved(tiny_model: Path) -> None:
    root = Path(__file__).parents[3]
    code = OUT_OF_MEMORY.format(support=str(root / "tests/support"), root=str(root), model=str(tiny_model))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["64", "0", "64"], done.stderr
