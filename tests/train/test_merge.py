"""Merges: ends that are the parents to the bit, laws of the arc, and models that do not fit together."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trainable
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import UserError
from corpus.manifest import Selection
from corpus.model_manifest import ModelManifest, TrainedOn, read_model_manifest, write_model_manifest
from train.checkpoints import alone
from train.merge import Merge, linear, main, merge, slerp

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = pytest.mark.filterwarnings("default")

FLOATS = st.floats(-100, 100, width=32)
SHARES = st.floats(0, 1)


@st.composite
def pairs(draw: Any) -> tuple[Any, Any]:
    size = draw(st.integers(1, 12))
    one, other = (draw(st.lists(FLOATS, min_size=size, max_size=size)) for _ in range(2))
    return torch.tensor(one), torch.tensor(other)


def near(one: Any, other: Any) -> None:
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-3)


@given(pair=pairs(), share=SHARES)
def test_counted_from_the_other_end_the_arc_is_the_same(pair: tuple[Any, Any], share: float) -> None:
    near(slerp(*pair, share), slerp(*reversed(pair), 1 - share))
    near(linear(*pair, share), linear(*reversed(pair), 1 - share))


@given(pair=pairs())
def test_the_arc_ends_at_its_ends(pair: tuple[Any, Any]) -> None:
    near(slerp(*pair, 0), pair[0])
    near(slerp(*pair, 1), pair[1])


@given(pair=pairs(), share=SHARES)
def test_tensors_of_one_length_keep_it(pair: tuple[Any, Any], share: float) -> None:
    one, other = (tensor / tensor.norm() if tensor.norm() > 1e-3 else None for tensor in pair)
    if one is None or other is None or abs(float(one @ other)) > 0.999:
        return
    assert float(slerp(one, other, share).norm()) == pytest.approx(1, abs=1e-4)
    assert float(linear(one, other, share).norm()) <= 1 + 1e-6


@given(pair=pairs(), share=SHARES, unit=st.floats(0.1, 10))
def test_the_unit_of_weights_does_not_matter(pair: tuple[Any, Any], share: float, unit: float) -> None:
    near(slerp(unit * pair[0], unit * pair[1], share), unit * slerp(*pair, share))


@pytest.mark.parametrize(
    ("first", "second", "share", "wanted"),
    [
        ([1.0, 0.0], [0.0, 1.0], 0.5, [2**-0.5, 2**-0.5]),
        ([1.0, 0.0], [0.0, 1.0], 1 / 3, [3**0.5 / 2, 0.5]),
        ([3.0, 0.0], [0.0, 1.0], 0.5, [3 * 2**-0.5, 2**-0.5]),
        # Parallel, opposite and empty ones have no arc, or no one arc.
        ([1.0, 1.0], [3.0, 3.0], 0.5, [2.0, 2.0]),
        ([1.0, 0.0], [-1.0, 0.0], 0.25, [0.5, 0.0]),
        ([0.0, 0.0], [4.0, 0.0], 0.25, [1.0, 0.0]),
    ],
)
def test_points_of_the_arc(first: list[float], second: list[float], share: float, wanted: list[float]) -> None:
    near(slerp(torch.tensor(first), torch.tensor(second), share), torch.tensor(wanted))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("merge")
    for seed, name in ((1, "sft"), (2, "grpo")):
        trainable.base_model(folder / name, seed=seed)
        (folder / name / "chat_template.jinja").write_text("{{ messages[0]['content'] }}", "utf-8")
    papers = TrainedOn(path="../data", content="c", kind="sft", rows=3, licenses={"CC-BY-4.0": 3})
    barred = TrainedOn(path="../more", content="d", kind="sft", rows=2, licenses={"CC-BY-NC-4.0": 2})
    chosen = [Selection(column="score_kiwi", stage="kept", family="comet")]
    rewarded = [*chosen, Selection(column="score_chrf", stage="grpo", family="chrf")]
    write_model_manifest(
        folder / "sft", ModelManifest(method="sft", parents=["base"], datasets=[papers], selected_by=chosen)
    )
    write_model_manifest(
        folder / "grpo",
        ModelManifest(
            method="grpo", parents=["sft"], datasets=[barred], inherited={"CC-BY-4.0": 3}, selected_by=rewarded
        ),
    )
    return folder


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    found: dict[str, Any] = {}
    for file in sorted(folder.glob("*.safetensors")):
        found |= load_file(file)
    return found


def recipe(place: Path, output: Path, **changes: Any) -> Merge:
    models = (str(place / "sft"), str(place / "grpo"))
    return Merge.model_validate({"models": models, "output": str(output), **changes})


@pytest.mark.parametrize("by", ["linear", "slerp"])
def test_a_sweep_writes_whole_models_from_one_parent_to_the_other(
    place: Path, by: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    sweep = recipe(place, place / by, by=by, shares=[0, 0.5, 1])
    merge(sweep)
    first, half, second = (place / by / f"{by}-{share}" for share in ("0", "0.5", "1"))
    for made, parent in ((first, place / "sft"), (second, place / "grpo")):
        told, wanted = weights(made), weights(parent)
        assert told.keys() == wanted.keys()
        for name, tensor in wanted.items():
            assert told[name].dtype == tensor.dtype
            assert torch.equal(told[name], tensor), name
    one, other, between = (weights(folder) for folder in (place / "sft", place / "grpo", half))
    compute = {"linear": linear, "slerp": slerp}[by]
    for name, tensor in between.items():
        assert torch.equal(tensor, compute(one[name], other[name], 0.5))
    model = AutoModelForCausalLM.from_pretrained(half)
    tokenizer = AutoTokenizer.from_pretrained(half)
    assert tokenizer.chat_template == "{{ messages[0]['content'] }}"
    assert model(torch.tensor([tokenizer("red").input_ids])).logits.isfinite().all()
    papers = read_model_manifest(half)
    assert papers is not None
    assert (papers.method, papers.parents, papers.facts) == ("merge", ["sft", "grpo"], {"share": 0.5, "by": by})
    # The first model's rows are among the second's forebears: counted once.
    assert papers.inherited == {"CC-BY-4.0": 3, "CC-BY-NC-4.0": 2}
    assert sorted(selection.family for selection in papers.selected_by) == ["chrf", "comet"]
    card = (half / "README.md").read_text("utf-8")
    assert f"# {by}-0.5\n" in card
    assert "**Not for commercial use**: CC-BY-NC-4.0" in card
    capsys.readouterr()
    merge(sweep)
    assert capsys.readouterr().out.count("merged already") == 3
    assert not list((place / by).glob(".*.tmp"))


def test_models_that_say_the_same_in_other_words_are_merged(place: Path, tmp_path: Path) -> None:
    """A default that is not written down, and a chat template in tokenizer_config.json."""
    other = shutil_copy(place / "grpo", tmp_path / "other")
    _json("config.json", lambda told: told.pop("attention_bias"))(other)
    template = (other / "chat_template.jinja").read_text("utf-8")
    (other / "chat_template.jinja").unlink()
    _json("tokenizer_config.json", lambda told: told.update(chat_template=template))(other)
    merge(recipe(place, tmp_path / "out", models=(str(place / "sft"), str(other)), shares=[0.5]))
    assert (tmp_path / "out" / "out-0.5" / "towerkit.json").is_file()


def test_files_of_weights_lie_as_the_first_models_do(place: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    shutil_copy(place / "sft", tmp_path / "sharded")
    (tmp_path / "sharded" / "model.safetensors").unlink()
    AutoModelForCausalLM.from_pretrained(place / "sft").save_pretrained(tmp_path / "sharded", max_shard_size="100kB")
    sharded, single = str(tmp_path / "sharded"), str(place / "grpo")
    for name, models in (("from", (sharded, single)), ("to", (single, sharded))):
        merge(recipe(place, tmp_path / name, models=models, shares=[0.25]))
    many = list((tmp_path / "from" / "from-0.25").glob("*.safetensors"))
    assert len(many) > 1
    index = json.loads((tmp_path / "from" / "from-0.25" / "model.safetensors.index.json").read_text("utf-8"))
    assert set(index["weight_map"].values()) == {file.name for file in many}
    assert len(list((tmp_path / "to" / "to-0.25").glob("*.safetensors"))) == 1
    AutoModelForCausalLM.from_pretrained(tmp_path / "from" / "from-0.25")
    for share, name in (("from-0.25", "from"), ("to-0.25", "to")):
        told = weights(tmp_path / name / share)
        left, right = weights(place / "sft"), weights(place / "grpo")
        ends = (left, right) if name == "from" else (right, left)
        assert all(torch.equal(told[key], linear(ends[0][key], ends[1][key], 0.25)) for key in told)


def test_half_precision_is_computed_in_full(place: Path, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    folders = []
    for name in ("sft", "grpo"):
        folder = shutil_copy(place / name, tmp_path / name)
        save_file({key: each.bfloat16() for key, each in weights(place / name).items()}, folder / "model.safetensors")
        folders.append(folder)
    for models, dtype in (
        ((folders[0], folders[1]), torch.bfloat16),
        # Of two types the one that holds both.
        ((folders[0], place / "grpo"), torch.float32),
    ):
        output = tmp_path / str(dtype)
        merge(recipe(place, output, models=tuple(map(str, models)), shares=[0.3]))
        told, one, other = weights(output / f"{dtype}-0.3"), weights(models[0]), weights(models[1])
        config = json.loads((output / f"{dtype}-0.3" / "config.json").read_text("utf-8"))
        assert config["dtype"] == str(dtype).removeprefix("torch.")
        for name, tensor in told.items():
            wanted = linear(one[name].float(), other[name].float(), 0.3).to(dtype)
            assert torch.equal(tensor, wanted), name


@pytest.fixture(scope="module")
def nested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Gemma 3 model, whose configuration holds those of its text and its images, in two precisions."""
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    folder = tmp_path_factory.mktemp("nested")
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    fast = trainable.tokenizer("chatml", 500)
    config = Gemma3Config(
        text_config={**small, "vocab_size": len(fast), "num_key_value_heads": 1, "head_dim": 8},
        vision_config={**small, "image_size": 16, "patch_size": 8},
        mm_tokens_per_image=4,
    )
    torch.manual_seed(1)
    Gemma3ForConditionalGeneration(config).save_pretrained(folder / "made")
    for name, dtype in (("full", torch.float32), ("half", torch.bfloat16)):
        # Those that were loaded name their type in the inner configurations too.
        Gemma3ForConditionalGeneration.from_pretrained(folder / "made", dtype=dtype).save_pretrained(folder / name)
        fast.save_pretrained(folder / name)
    return folder


def test_a_model_in_two_precisions_is_merged_whatever_is_nested_in_its_configuration(
    nested: Path, tmp_path: Path
) -> None:
    models = [str(nested / name) for name in ("half", "full")]
    inner = [json.loads((Path(model) / "config.json").read_text("utf-8"))["text_config"]["dtype"] for model in models]
    assert inner == ["bfloat16", "float32"]
    merge(recipe(nested, tmp_path / "out", models=tuple(models), shares=[0.5]))
    told = json.loads((tmp_path / "out" / "out-0.5" / "config.json").read_text("utf-8"))
    # Of two types the one that holds both, and no configuration says another.
    assert [told["dtype"], told["text_config"]["dtype"], told["vision_config"]["dtype"]] == 3 * ["float32"]


def test_of_nested_configurations_the_entry_that_differs_is_named(nested: Path, tmp_path: Path) -> None:
    other = shutil_copy(nested / "full", tmp_path / "other")
    _json("config.json", lambda told: told["text_config"].update(sliding_window=8))(other)
    with pytest.raises(UserError) as error:
        merge(recipe(nested, tmp_path / "out", models=(str(nested / "full"), str(other))))
    assert str(error.value).endswith("config.json: text_config.sliding_window is 4096 in the first and 8 in the second")


def test_models_that_transformers_cannot_read_are_compared_as_they_are_written(place: Path, tmp_path: Path) -> None:
    models = [shutil_copy(place / name, tmp_path / name) for name in ("sft", "grpo")]
    for model in models:
        # Yarn without its factor.
        _json("config.json", lambda told: told.update(rope_parameters={"rope_type": "yarn"}))(model)
    # A type of weights says nothing of them, be it one that is none.
    _json("config.json", lambda told: told.update(dtype="nonesuch"))(models[1])
    merge(recipe(place, tmp_path / "out", models=tuple(map(str, models)), shares=[0.5]))
    assert (tmp_path / "out" / "out-0.5" / "towerkit.json").is_file()


def shutil_copy(source: Path, target: Path) -> Path:
    import shutil

    return Path(shutil.copytree(source, target))


def _tensors(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def changed(folder: Path) -> None:
        from safetensors.torch import save_file

        told = weights(folder)
        change(told)
        save_file(told, folder / "model.safetensors", metadata={"format": "pt"})

    return changed


def _json(name: str, change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def changed(folder: Path) -> None:
        told = json.loads((folder / name).read_text("utf-8"))
        change(told)
        (folder / name).write_text(json.dumps(told), "utf-8")

    return changed


def _swap(told: dict[str, Any]) -> None:
    vocabulary = told["model"]["vocab"]
    vocabulary["a"], vocabulary["b"] = vocabulary["b"], vocabulary["a"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            _tensors(lambda told: told.update({"model.norm.weight": torch.ones(65)})),
            "the tensor 'model.norm.weight' is of shape (64,) in the first and (65,) in the second",
        ),
        (_tensors(lambda told: told.pop("model.norm.weight")), "sft has the tensor 'model.norm.weight', and other has"),
        (_tensors(lambda told: told.update(more=torch.ones(1))), "other has the tensor 'more', and sft has none"),
        (_json("config.json", lambda told: told.update(hidden_act="gelu")), "hidden_act is 'silu' in the first"),
        (_json("config.json", lambda told: told.update(hidden_size="64")), "error for field 'hidden_size'"),
        (
            _json("config.json", lambda told: told.update(model_type="nonesuch", attention_bias=True)),
            "config.json: model_type is 'llama' in the first and 'nonesuch' in the second",
        ),
        (
            _json("config.json", lambda told: told.update(rope_parameters={"rope_type": "yarn"})),
            "config.json: rope_parameters.rope_theta is 10000.0 in the first and None in the second",
        ),
        (
            _json("config.json", lambda told: told.update(dtype="nonesuch", hidden_act="gelu")),
            "config.json: hidden_act is 'silu' in the first and 'gelu' in the second",
        ),
        (
            _json("config.json", lambda told: told.update(num_labels="two")),
            "config.json: num_labels is None in the first and 'two' in the second",
        ),
        (
            _json("config.json", lambda told: told.update(num_attention_heads=0)),
            "config.json: num_attention_heads is 2 in the first and 0 in the second",
        ),
        (_json("tokenizer.json", _swap), "their tokenizers differ: 'a' is token "),
        (
            _json("tokenizer.json", lambda told: told.update(decoder=None)),
            "their tokenizers differ in 'decoder' of tokenizer.json",
        ),
        (lambda folder: (folder / "tokenizer.json").unlink(), "has no tokenizer.json"),
        (lambda folder: (folder / "model.safetensors").unlink(), "merges read safetensors alone"),
        (lambda folder: (folder / "chat_template.jinja").write_text("{{ 1 }}"), "their chat templates differ"),
    ],
)
def test_models_that_do_not_fit_are_refused_with_what_differs(
    place: Path, tmp_path: Path, change: Callable[[Path], Any], words: str
) -> None:
    other = shutil_copy(place / "grpo", tmp_path / "other")
    change(other)
    with pytest.raises(UserError) as error:
        merge(recipe(place, tmp_path / "out", models=(str(place / "sft"), str(other))))
    assert words in str(error.value)
    assert not (tmp_path / "out").exists()


def test_two_merges_into_one_folder_do_not_meet(place: Path, tmp_path: Path) -> None:
    with alone(tmp_path / "out"), pytest.raises(UserError, match="another process makes this already"):
        merge(recipe(place, tmp_path / "out"))
    assert not list((tmp_path / "out").glob("out-*"))


def test_another_model_in_the_folder_is_not_written_over(place: Path, tmp_path: Path) -> None:
    merge(recipe(place, tmp_path / "out", shares=[0.5]))
    with pytest.raises(UserError, match="holds another model"):
        merge(recipe(place, tmp_path / "out", shares=[0.5], by="slerp"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("models: [a]\noutput: o\n", "models"),
        ("models: [a, b]\noutput: o\nshares: [1.5]\n", "shares[0]"),
        ("models: [a, b]\noutput: o\nby: sleep\n", "'linear' or 'slerp'"),
        ("models: [./none, ./other]\noutput: o\n", "there is no model folder ./none"),
    ],
)
def test_the_command_line_tells_what_is_wrong(
    tmp_path: Path, text: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(SystemExit) as end:
        main([str(file)])
    assert end.value.code == 2
    assert words in capsys.readouterr().err
