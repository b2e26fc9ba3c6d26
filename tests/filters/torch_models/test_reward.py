"""The scorer `reward` on a small model that TRL trained: each number is what transformers gives for it alone."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from scoring import score
from tiny_models import TEXTS

from corpus.chat import assistant, user
from corpus.errors import UserError
from filters.scorers.reward import Reward

pytestmark = pytest.mark.filterwarnings("default:::torch")

ANSWERS = ["", " \u2003", "no", *TEXTS, TEXTS[0][:30], TEXTS[1] * 2, TEXTS[4] * 3, "no"]


def scorer(model: Path, **options: Any) -> Reward:
    return Reward(model=str(model), device="cpu", dtype=options.pop("dtype", "float32"), **options)


def responses(*answers: str, prompt: str = "Say: 早上好") -> list[dict[str, Any]]:
    return [{"prompt": [user(prompt)], "response": answer} for answer in answers]


def alone(model: Path, chats: list[list[Any]], **options: Any) -> list[float]:
    """Rewards as model cards compute them, one chat at a time."""
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    loaded = transformers.AutoModelForSequenceClassification.from_pretrained(model, dtype=torch.float32, **options)
    rewards = []
    for chat in chats:
        inputs = tokenizer.apply_chat_template(chat, tokenize=True, return_tensors="pt")
        with torch.no_grad():
            rewards.append(float(loaded(**inputs).logits[0][0]))
    return rewards


@pytest.mark.parametrize("limits", [{}, {"batch_tokens": 300}, {"batch_tokens": 1}], ids=str)
def test_rewards_are_the_librarys(reward_model: Path, limits: dict[str, int]) -> None:
    told: list[Any] = []
    made = score(scorer(reward_model, **limits), "response", responses(*ANSWERS), told)
    chats = [[user("Say: 早上好"), assistant(answer)] for answer in ANSWERS[2:]]
    assert made["score_reward"].to_list()[:2] == [None, None]
    assert made["score_reward"].to_list()[2:] == pytest.approx(alone(reward_model, chats), abs=1e-5)
    assert made["label_reward_note"].to_list() == ["empty output"] * 2 + [None] * (len(ANSWERS) - 2)
    [told] = [each for each in told if "padding" in each]
    assert told["padding"] == 0 if limits == {"batch_tokens": 1} else 0 < told["padding"] < 0.6


def test_the_model_learned_what_it_was_taught(reward_model: Path) -> None:
    for text in TEXTS[:3]:
        made = score(scorer(reward_model), "response", responses(text, text[::-1], prompt=f"Say: {text}"))
        right, wrong = made["score_reward"]
        assert right > wrong


def test_chats_of_each_kind(reward_model: Path) -> None:
    chat = [{"role": "system", "content": "اختصر"}, user("Say: no"), assistant("no"), user("again"), assistant("no no")]
    expected = alone(reward_model, [chat])
    for kind, row in {
        "sft": {"messages": chat},
        "response": {"prompt": chat[:-1], "response": "no no"},
        "preference": {"prompt": chat[:-1], "chosen": chat[-1:], "rejected": [assistant("yes")]},
    }.items():
        assert score(scorer(reward_model), kind, [row])["score_reward"].to_list() == pytest.approx(expected, abs=1e-5)


def test_what_cannot_be_read_is_null_with_a_reason(reward_model: Path) -> None:
    tool: Any = {"role": "tool", "content": "9:00"}
    rows = [
        *responses("no", TEXTS[0] * 100, "x" * 100_000, "\n"),
        {"prompt": [user("When?"), tool], "response": "Nine."},
    ]
    made = score(scorer(reward_model, max_tokens=400), "response", rows)
    long = "too long: over 400 tokens"
    assert made["label_reward_note"].to_list() == [
        *(None, long, long, "empty output"),
        "refused by the model's chat template",
    ]
    assert made["score_reward"].is_null().to_list() == [False, True, True, True, True]


def test_without_a_padding_token_of_its_own(reward_model: Path, tmp_path: Path) -> None:
    """Published Llama models name none; the library then refuses batches."""
    bare = shutil.copytree(reward_model, tmp_path / "bare")
    config = json.loads((bare / "config.json").read_text())
    (bare / "config.json").write_text(json.dumps(config | {"pad_token_id": None}))
    made = score(scorer(bare), "response", responses(*ANSWERS[2:]))
    chats = [[user("Say: 早上好"), assistant(answer)] for answer in ANSWERS[2:]]
    assert made["score_reward"].to_list() == pytest.approx(alone(bare, chats), abs=1e-5)


def test_padding_with_the_end_of_a_turn(reward_model: Path, tmp_path: Path) -> None:
    """The library then reads the reward off the token before the end, as it did in training."""
    same = shutil.copytree(reward_model, tmp_path / "same")
    config = json.loads((same / "config.json").read_text())
    (same / "config.json").write_text(json.dumps(config | {"pad_token_id": config["eos_token_id"]}))
    made = score(scorer(same), "response", responses(*ANSWERS[2:]))
    chats = [[user("Say: 早上好"), assistant(answer)] for answer in ANSWERS[2:]]
    assert made["score_reward"].to_list() == pytest.approx(alone(same, chats), abs=1e-5)


def test_a_template_that_writes_the_beginning_has_it_once(reward_model: Path, tmp_path: Path) -> None:
    """Llama's templates write the token that the tokenizer would put before any text as well."""
    import transformers
    from tokenizers.processors import TemplateProcessing

    begins = shutil.copytree(reward_model, tmp_path / "begins")
    tokenizer = transformers.AutoTokenizer.from_pretrained(begins)
    start = tokenizer.convert_tokens_to_ids("<|system|>")
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|system|> $A", special_tokens=[("<|system|>", start)]
    )
    tokenizer.chat_template = "<|system|>" + tokenizer.chat_template
    tokenizer.save_pretrained(begins)
    assert tokenizer("no")["input_ids"][0] == start
    from filters.torch_models.devices import find_device
    from filters.torch_models.load import load
    from filters.torch_models.sequences import RewardModel

    device = find_device("cpu")
    loaded = load(
        "AutoModelForSequenceClassification", str(begins), None, dtype="float32", device=device, trust_remote_code=False
    )
    [piece] = RewardModel(loaded, "begins", None).read(json.dumps([user("no"), assistant("no")])).pieces
    assert piece.tokens.count(start) == 1
    assert piece.tokens[0] == start


GATED = '''
import torch
from dataclasses import dataclass
from transformers import LlamaModel, LlamaPreTrainedModel
from transformers.utils import ModelOutput


@dataclass
class Judged(ModelOutput):
    rewards: torch.Tensor = None
    score: torch.Tensor = None


class GatedReward(LlamaPreTrainedModel):
    """Several objectives, weighed by what is asked."""

    def __init__(self, config):
        super().__init__(config)
        self.model = LlamaModel(config)
        self.objectives = torch.nn.Linear(config.hidden_size, config.num_labels, bias=False)
        self.gate = torch.nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    def forward(self, input_ids, attention_mask=None, **others):
        hidden = self.model(input_ids, attention_mask=attention_mask).last_hidden_state
        if self.config.pad_token_id is None and len(input_ids) > 1:
            raise ValueError("no padding token")
        last = (input_ids != (-1 if self.config.pad_token_id is None else self.config.pad_token_id)).sum(1) - 1
        rewards = self.objectives(hidden[torch.arange(len(last)), last])
        return Judged(rewards=rewards, score=(self.gate(hidden[:, 0]).softmax(-1) * rewards).sum(-1))
'''


@pytest.fixture
def gated(reward_model: Path, tmp_path: Path) -> Path:
    """A reward model with code of its own, after the manner of ArmoRM."""
    import torch
    import transformers
    from safetensors.torch import save_file

    folder = shutil.copytree(reward_model, tmp_path / "gated")
    (folder / "gated.py").write_text(GATED)
    config = json.loads((folder / "config.json").read_text())
    labels = {str(number): f"objective {number}" for number in range(3)}
    config |= {"architectures": ["GatedReward"], "id2label": labels, "label2id": {v: int(k) for k, v in labels.items()}}
    config["auto_map"] = {"AutoModelForSequenceClassification": "gated.GatedReward"}
    (folder / "config.json").write_text(json.dumps(config))
    kept = transformers.AutoModelForSequenceClassification.from_pretrained(reward_model).state_dict()
    kept.pop("score.weight")
    torch.manual_seed(2)
    for name, shape in {"objectives.weight": (3, 64), "gate.weight": (3, 64), "gate.bias": (3,)}.items():
        kept[name] = torch.randn(shape)
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def test_several_objectives_weighed_by_code_of_the_models_own(gated: Path) -> None:
    import torch
    import transformers

    with pytest.raises(UserError, match="trust_remote_code"):
        score(scorer(gated), "response", responses("no"))
    made = score(scorer(gated, trust_remote_code=True), "response", responses(*ANSWERS[2:]))
    tokenizer = transformers.AutoTokenizer.from_pretrained(gated)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(gated, trust_remote_code=True)
    expected = []
    for answer in ANSWERS[2:]:
        chat = [user("Say: 早上好"), assistant(answer)]
        with torch.no_grad():
            told = model(**tokenizer.apply_chat_template(chat, tokenize=True, return_tensors="pt"))
        expected.append(float(told.score[0]))
    assert made["score_reward"].to_list() == pytest.approx(expected, abs=1e-5)


def _without_template(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()


def _several_classes(folder: Path) -> None:
    import transformers

    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=3, ignore_mismatched_sizes=True
    )
    model.save_pretrained(folder)


def _half_the_weights(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100_000])


def _other_layers(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 5}))


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_without_template, "has no chat template"),
        (_several_classes, "no reward model: it sorts texts into 3 classes.*scorer `classifier`"),
        (_half_the_weights, "cannot be loaded as a reward model"),
        (_other_layers, r"lacks weights: 27 in all, model\.layers\.2"),
    ],
)
def test_models_that_cannot_be_used(
    reward_model: Path, tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    folder = shutil.copytree(reward_model, tmp_path / "spoilt")
    spoil(folder)
    with pytest.raises(UserError, match=words):
        score(scorer(folder), "response", responses("no"))


def test_a_chat_model_is_no_reward_model(chat_model: Path) -> None:
    """The library would give it a last layer of random numbers."""
    with pytest.raises(
        UserError, match=r"is not a reward model: it has no weights for its last layer \(score.weight\)"
    ):
        score(scorer(chat_model), "response", responses("no"))


def test_signature_and_identity(reward_model: Path) -> None:
    plain, other = scorer(reward_model), scorer(reward_model, batch_tokens=7, **{"as": "tiny"})
    assert plain.kept_as() == other.kept_as()
    assert plain.kept_as() != scorer(reward_model, max_tokens=100).kept_as()
    assert plain.kept_as() != scorer(reward_model, dtype="bfloat16").kept_as()
    name, content = plain.signature().split("|")[1:3]
    assert (name, content[:8], len(content)) == ("model:tiny-reward", "content:", 16)
    assert plain.signature().endswith("|dtype:float32|max_tokens:window|version:1")
    assert [column.name for column in other.columns("response")] == ["score_tiny", "label_tiny_note"]


def test_numbers_that_overflow_are_no_rewards(reward_model: Path, tmp_path: Path) -> None:
    import transformers

    model = transformers.AutoModelForSequenceClassification.from_pretrained(reward_model)
    model.score.weight.data *= float("inf")
    folder = shutil.copytree(reward_model, tmp_path / "broken")
    model.save_pretrained(folder)
    made = score(scorer(folder), "response", responses("no"))
    assert made.to_dicts() == [{"score_reward": None, "label_reward_note": "the model gave no number"}]


def test_dtypes(reward_model: Path) -> None:
    exact = score(scorer(reward_model), "response", responses(*ANSWERS[2:]))["score_reward"]
    for dtype in ("float16", "bfloat16"):
        made = score(scorer(reward_model, dtype=dtype), "response", responses(*ANSWERS[2:]))["score_reward"]
        assert pl.DataFrame({"a": exact, "b": made}).select(pl.corr("a", "b")).item() > 0.99
