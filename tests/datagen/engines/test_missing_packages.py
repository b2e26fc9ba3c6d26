"""Engines whose library is not installed: a recipe can be read and checked, and what to install is told."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from kept import ask

from corpus.errors import UserError
from datagen.engines.names import engine_class


@pytest.mark.parametrize("name", ["transformers", "vllm"])
def test_what_to_install_is_told(tmp_path: Path, name: str) -> None:
    if find_spec("torch" if name == "transformers" else name):
        pytest.skip(f"what the engine {name} needs is installed here")
    (tmp_path / "config.json").write_text("{}", "utf-8")
    extra = {"transformers": "train", "vllm": "vllm"}[name]
    with pytest.raises(UserError, match=rf"pip install 'towerkit\[{extra}\]'"):
        ask(engine_class(name)(model=str(tmp_path)), ["Hi"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"json_schema": {"type": "object"}, "regex": "a"}, "at most one of json_schema, regex"),
        ({"llm": {"dtype": "float16"}}, "`dtype` is an option of the engine"),
        ({"llm": {"trust_remote_code": True}}, "`trust_remote_code` is an option of the engine"),
        ({"in_flight": 0}, "greater than or equal to 1"),
        ({"device": "cpu"}, "Extra inputs"),
    ],
)
def test_options_of_vllm_that_cannot_be(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        engine_class("vllm").model_validate({"model": "org/model", **options})


@pytest.mark.parametrize(
    ("options", "sampling"),
    [
        ({"tensor_parallel_size": 2, "gpu_memory_utilization": 0.5, "enforce_eager": True, "in_flight": 5}, {}),
        ({"dtype": "bfloat16", "max_model_len": 4096}, {"dtype": "bfloat16", "max_model_len": 4096}),
        ({"llm": {"quantization": "fp8"}, "top_p": 0.9}, {"llm": {"quantization": "fp8"}, "top_p": 0.9}),
        ({"choice": ["ja", "nein"]}, {"choice": ("ja", "nein")}),
    ],
)
def test_what_decides_an_answer_of_vllm(options: dict[str, object], sampling: dict[str, object]) -> None:
    engine = engine_class("vllm").model_validate({"model": "org/model", **options})
    assert engine.sampling() == {**sampling, "library": "vllm"}
