"""`python -m train.merge RECIPE`: checkpoints between two checkpoints, by linear or spherical interpolation.

```yaml
models: [runs/sft, runs/grpo]      # share 0 is the first, share 1 the second
by: slerp
shares: [0.25, 0.5, 0.75]
output: runs/merge                 # runs/merge/merge-0.25 and so on
```

Weights are read tensor by tensor and computed in fp32; in memory there are two tensors and one file of the result. Each
checkpoint is a whole model with its papers, and what was merged before is not merged again.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from corpus.config import load, validate
from corpus.errors import UserError
from corpus.hashing import digest
from corpus.model_manifest import ModelManifest, read_model_manifest, write_model_manifest
from filters.models import model_file, model_identity, model_name
from train import checkpoints
from train.card import licences_from, licences_of, write_card
from train.cli import exits
from train.recipe import Part

if TYPE_CHECKING:
    import torch

VERSION = 1
"""Raised whenever the same recipe would make other weights."""
INDEX, SINGLE = "model.safetensors.index.json", "model.safetensors"
_TOKENIZER = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.model"),
    *("vocab.json", "merges.txt", "chat_template.jinja", "generation_config.json"),
)
_SETTINGS = {
    *("_name_or_path", "transformers_version", "dtype", "torch_dtype", "use_cache", "_attn_implementation"),
    *("bos_token_id", "eos_token_id", "pad_token_id"),
}
"""Entries of config.json, and of the configurations within it, that say nothing of what the weights mean."""
_PARALLEL = 0.9995
"""Cosine beyond which two tensors are taken as parallel: their arc is a line to the last digit of fp32."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Merge(Part):
    """A recipe of merges."""

    method: Literal["merge"] = "merge"
    models: tuple[str, str]
    """Folders or hub ids of two models of one shape and one tokenizer."""
    by: Literal["linear", "slerp"] = "linear"
    """`linear`: (1 - share) of the first and share of the second. `slerp`: along the arc between them, tensor by
    tensor, which keeps the length that a line cuts short."""
    shares: tuple[Share, ...] = Field(default=(0.25, 0.5, 0.75), min_length=1)
    """Shares of the second model, one checkpoint each."""
    output: str
    """Folder of the checkpoints: `NAME/NAME-SHARE`."""

    def folder(self, share: float) -> Path:
        """Where the checkpoint of a share goes."""
        return Path(self.output) / f"{Path(self.output).name}-{share:g}"


@dataclass(frozen=True)
class Parent:
    """A model to merge."""

    model: str
    files: dict[str, Path]
    """By tensor, the file that holds it."""
    config: dict[str, Any]

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return model_name(self.model)

    def file(self, name: str) -> Path | None:
        """A file of it, if there is one."""
        return model_file(self.model, None, name)


def merge(recipe: Merge) -> None:
    """Make the checkpoints of a recipe that are not there yet.

    Raises:
        UserError: the models do not fit together, or an output folder is taken, be it by a process that merges there.
    """
    identities = [model_identity(model) for model in recipe.models]
    left: dict[float, str] = {}
    for share in dict.fromkeys(recipe.shares):
        plan = digest(["merge", VERSION, recipe.by, share, identities])
        if not _done(recipe.folder(share), plan):
            left[share] = plan
    if not left:
        return
    first, second = (_parent(model) for model in recipe.models)
    check(first, second)
    with checkpoints.alone(Path(recipe.output)):
        for share, plan in left.items():
            # Another process may have been here meanwhile.
            if not _done(recipe.folder(share), plan):
                _make(recipe, first, second, share, plan)


def _done(folder: Path, plan: str) -> bool:
    if not folder.exists():
        return False
    found = read_model_manifest(folder)
    if found is None or found.plan != plan:
        raise UserError(f"{folder} holds another model; choose another `output:`, or remove the folder to merge anew")
    print(f"{folder}: merged already", flush=True)
    return True


def _parent(model: str) -> Parent:
    index, single = model_file(model, None, INDEX), model_file(model, None, SINGLE)
    config = model_file(model, None, "config.json")
    if config is None or (index is None and single is None):
        raise UserError(f"{model} has no config.json with {SINGLE}, or {INDEX}; merges read safetensors alone")
    if index is not None:
        places: dict[str, str] = json.loads(index.read_text("utf-8"))["weight_map"]
    else:
        from safetensors import safe_open

        with safe_open(single, framework="pt") as weights:
            places = dict.fromkeys(weights.keys(), SINGLE)
    files = {name: model_file(model, None, name) for name in set(places.values())}
    lacking = next((name for name, file in files.items() if file is None), None)
    if lacking is not None:
        raise UserError(f"{model} lacks {lacking}, which its {INDEX} names; fetch it again")
    found = {tensor: file for tensor, name in places.items() if (file := files[name]) is not None}
    return Parent(model, found, json.loads(config.read_text("utf-8")))


def check(first: Parent, second: Parent) -> None:
    """Refuse models that are not of one shape and one vocabulary, with the first thing that differs.

    Raises:
        UserError: they cannot be merged.
    """

    def refuse(why: str) -> UserError:
        return UserError(f"{first.name} and {second.name} cannot be merged: {why}")

    if told := _other_config(*_configs(first, second)):
        raise refuse(f"config.json: {told}")
    for here, there in ((first, second), (second, first)):
        if alone := sorted(here.files.keys() - there.files.keys()):
            raise refuse(f"{here.name} has the tensor {alone[0]!r}, and {there.name} has none of that name")
    shapes = [_shapes(parent) for parent in (first, second)]
    for name, shape in shapes[0].items():
        if shape != shapes[1][name]:
            raise refuse(f"the tensor {name!r} is of shape {shape} in the first and {shapes[1][name]} in the second")
    if told := _other_tokens(first, second):
        raise refuse(told)
    templates = [_template(parent) for parent in (first, second)]
    if all(templates) and templates[0] != templates[1]:
        raise refuse("their chat templates differ, so they read conversations in different forms")


def _configs(first: Parent, second: Parent) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both configurations in one form: as transformers reads them, or as they are written where it cannot."""
    one, other = _read(first), _read(second)
    if one is None or other is None:
        # Beside one that is as written, the other's defaults would be differences.
        return first.config, second.config
    return one, other


def _read(parent: Parent) -> dict[str, Any] | None:
    """A model's configuration with all that it leaves to defaults, and under today's names; None if unreadable."""
    from huggingface_hub.errors import StrictDataclassError
    from transformers import AutoConfig

    file = parent.file("config.json")
    assert file is not None
    try:
        found: dict[str, Any] = AutoConfig.from_pretrained(file.parent, trust_remote_code=False).to_dict()
    except StrictDataclassError as error:
        raise UserError(f"{file} is of no model that transformers could load: {error}") from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
        # A kind of model that transformers does not know (its own code is not run for this), or entries that this
        # version of it trips over.
        return None
    return found


def _other_config(one: Any, other: Any, name: str = "") -> str | None:
    """The first entry in which two configurations differ, named with those it lies in; None where none does.

    The kind of model comes first, since of two kinds most entries differ.
    """
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return None if one == other else f"{name} is {one!r} in the first and {other!r} in the second"
    keys = sorted({*one, *other} - _SETTINGS, key=lambda key: (key != "model_type", str(key)))
    told = (_other_config(one.get(key), other.get(key), f"{name}.{key}" if name else str(key)) for key in keys)
    return next(filter(None, told), None)


def _shapes(parent: Parent) -> dict[str, tuple[int, ...]]:
    from safetensors import safe_open

    found = {}
    for file in sorted(set(parent.files.values())):
        with safe_open(file, framework="pt") as weights:
            held = set(weights.keys())
            for name, place in parent.files.items():
                if place == file:
                    if name not in held:
                        raise UserError(f"{file} lacks the tensor {name!r}, which {INDEX} says it holds")
                    found[name] = tuple(weights.get_slice(name).get_shape())
    return found


def _other_tokens(first: Parent, second: Parent) -> str | None:
    """What differs between two tokenizers; None where nothing does."""
    texts = []
    for parent in (first, second):
        file = parent.file("tokenizer.json")
        if file is None:
            raise UserError(f"{parent.model} has no tokenizer.json, so nobody can see whether the tokenizers are equal")
        texts.append(json.loads(file.read_text("utf-8")))
    # How batches are padded and cut is no part of what a token means.
    one, other = ({key: value for key, value in text.items() if key not in ("padding", "truncation")} for text in texts)
    if one == other:
        return None
    ids = [_ids(text) for text in (one, other)]
    if ids[0] != ids[1]:
        token = next(token for token in {**ids[0], **ids[1]} if ids[0].get(token) != ids[1].get(token))
        one_id, other_id = (held.get(token) for held in ids)
        return f"their tokenizers differ: {token!r} is token {one_id} in the first and {other_id} in the second"
    key = next(key for key in {**one, **other} if one.get(key) != other.get(key))
    return f"their tokenizers differ in {key!r} of tokenizer.json"


def _ids(tokenizer: Mapping[str, Any]) -> dict[str, int]:
    vocabulary = tokenizer.get("model", {}).get("vocab", {})
    if isinstance(vocabulary, list):
        # Unigram models hold pairs of token and log probability.
        vocabulary = {entry[0]: number for number, entry in enumerate(vocabulary)}
    return {**vocabulary, **{token["content"]: token["id"] for token in tokenizer.get("added_tokens", ())}}


def _template(parent: Parent) -> str | None:
    if file := parent.file("chat_template.jinja"):
        return file.read_text("utf-8")
    config = parent.file("tokenizer_config.json")
    found = json.loads(config.read_text("utf-8")).get("chat_template") if config else None
    # Several of them, each with its name, are a list.
    return found if isinstance(found, str) or not found else json.dumps(found)


def _make(recipe: Merge, first: Parent, second: Parent, share: float, plan: str) -> None:
    folder, began = recipe.folder(share), time.time()
    temporary = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    dtype = _write_weights(recipe, first, second, share, temporary)
    # A base model beside its tuned child has no template: then the child's words are taken.
    spoken = second if _template(second) is not None else first
    for name in _TOKENIZER:
        if file := spoken.file(name):
            shutil.copyfile(file, temporary / name)
    for code in Path(first.model).glob("*.py") if Path(first.model).is_dir() else ():
        shutil.copyfile(code, temporary / code.name)
    config = _of_type(spoken.config, dtype) | {"dtype": dtype}
    (temporary / "config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", "utf-8")
    told = [(parent, _papers(parent)) for parent in (first, second)]
    papers = [each or ModelManifest(method="") for _, each in told]
    licences = {licence for parent, each in told for licence in licences_from(parent.model, None, each)}
    selections = {chosen.model_dump_json(): chosen for each in papers for chosen in each.selected_by}
    manifest = ModelManifest(
        method="merge",
        parents=[first.name, second.name],
        # What both were made of was the same rows.
        inherited=dict(licences_of(papers[0]) | licences_of(papers[1])),
        licences=sorted(licences),
        selected_by=list(selections.values()),
        options={"by": recipe.by},
        versions={name: version(name) for name in ("torch", "towerkit")},
        plan=plan,
        facts={"share": share, "by": recipe.by},
        run={"seconds": round(time.time() - began, 1)},
    )
    write_card(temporary, manifest, name=folder.name)
    write_model_manifest(temporary, manifest)
    temporary.rename(folder)
    print(f"{folder}: merged in {time.time() - began:,.1f} s", flush=True)


def _of_type(config: Mapping[str, Any], dtype: str) -> dict[str, Any]:
    """A configuration whose inner ones, too, name the type of the weights where they name one."""
    told = {key: _of_type(value, dtype) if isinstance(value, dict) else value for key, value in config.items()}
    typed = told.pop("torch_dtype", told.get("dtype"))
    return told if typed is None else told | {"dtype": dtype}


def _papers(parent: Parent) -> ModelManifest | None:
    return read_model_manifest(Path(parent.model)) if Path(parent.model).is_dir() else None


def _write_weights(recipe: Merge, first: Parent, second: Parent, share: float, folder: Path) -> str:
    """Write the merged weights in files as the first model's; gives the name of their type."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    total, types = 0, set()
    names = {file: f"{number:05}" for number, file in enumerate(sorted(set(first.files.values())), 1)}
    places: dict[str, str] = {}
    for file, number in names.items():
        name = SINGLE if len(names) == 1 else f"model-{number}-of-{len(names):05}.safetensors"
        merged: dict[str, torch.Tensor] = {}
        with safe_open(file, framework="pt") as weights:
            for tensor in (tensor for tensor, place in first.files.items() if place == file):
                with safe_open(second.files[tensor], framework="pt") as others:
                    merged[tensor] = _between(
                        tensor, weights.get_tensor(tensor), others.get_tensor(tensor), share, recipe.by
                    )
                places[tensor] = name
                total += merged[tensor].nbytes
                types.add(str(merged[tensor].dtype).removeprefix("torch."))
        save_file(merged, folder / name, metadata={"format": "pt"})
    if len(names) > 1:
        index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(places.items()))}
        (folder / INDEX).write_text(json.dumps(index, indent=2) + "\n", "utf-8")
    floats = sorted(name for name in types if "float" in name)
    return floats[0] if len(floats) == 1 else "float32"


def _between(name: str, first: torch.Tensor, second: torch.Tensor, share: float, by: str) -> torch.Tensor:
    import torch

    if not (first.is_floating_point() and second.is_floating_point()):
        if not torch.equal(first, second):
            raise UserError(
                f"the tensor {name!r} holds no floats ({first.dtype}) and differs; it cannot be interpolated"
            )
        return first
    dtype = torch.promote_types(first.dtype, second.dtype)
    # The ends are the models themselves, to the bit, whatever else they hold.
    if share in (0, 1):
        return (second if share else first).to(dtype)
    between = slerp if by == "slerp" else linear
    return between(first.float(), second.float(), share).to(dtype)


def linear(first: torch.Tensor, second: torch.Tensor, share: float) -> torch.Tensor:
    """The point on the line: (1 - share) first + share second."""
    return (1 - share) * first + share * second


def slerp(first: torch.Tensor, second: torch.Tensor, share: float) -> torch.Tensor:
    """The point on the arc between two tensors as vectors (Shoemake 1985); on the line where they are parallel.

    Lengths go along with directions: the result is sin((1-t)w)/sin(w) first + sin(tw)/sin(w) second with the angle w.
    """
    import torch

    one, other = first.flatten().double(), second.flatten().double()
    lengths = one.norm() * other.norm()
    cosine = float(torch.dot(one, other) / lengths) if lengths > 0 else 1.0
    if not abs(cosine) < _PARALLEL:
        return linear(first, second, share)
    angle = torch.arccos(torch.tensor(cosine, dtype=torch.float64))
    parts = [float(torch.sin(part * angle) / torch.sin(angle)) for part in (1 - share, share)]
    return parts[0] * first + parts[1] * second


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line, merge, and exit: 0 done, 1 failed, 2 the user's input was wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m train.merge", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe", type=Path, help="the recipe of merges, a YAML file")
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="override a value: by=slerp")
    given = parser.parse_args(argv)
    with exits():
        loaded = load(given.recipe, sets=given.set)
        merge(validate(loaded.data, Merge, loaded=loaded))


if __name__ == "__main__":
    main()
