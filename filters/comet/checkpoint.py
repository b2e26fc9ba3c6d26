"""What a COMET checkpoint is and needs, read from the files beside its weights: no torch, and no weights fetched.

A checkpoint is a folder with `hparams.yaml` and one file in `checkpoints/`, as COMET's trainer and the hub have it. The
encoder's tokenizer and shape are not in it: `pretrained_model` names where they lie, a model of the hub or a folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from corpus.errors import UserError
from corpus.filehash import local_version, remembered_hashes
from corpus.hashing import digest
from filters.hub import hub_folder
from filters.models import cache_folder, card_licence, model_file, model_identity, model_name

HPARAMS = "hparams.yaml"
ENCODER_FILES = (
    *("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("sentencepiece.bpe.model", "sentencepiece.model", "spiece.model", "vocab.txt", "vocab.json", "merges.txt"),
)
"""What COMET reads of an encoder; its weights are in the checkpoint."""
_KINDS = {
    "regression_metric": "RegressionMetric",
    "referenceless_regression_metric": "ReferencelessRegression",
    "unified_metric": "UnifiedMetric",
    "xcomet_metric": "XCOMETMetric",
}
_LICENCES = {
    **dict.fromkeys(
        ("unbabel/wmt22-cometkiwi-da", "unbabel/wmt23-cometkiwi-da-xl", "unbabel/wmt23-cometkiwi-da-xxl"),
        "CC-BY-NC-SA-4.0",
    ),
    **dict.fromkeys(("unbabel/xcomet-xl", "unbabel/xcomet-xxl"), "CC-BY-NC-SA-4.0"),
    **dict.fromkeys(("unbabel/wmt22-comet-da", "unbabel/wmt20-comet-da", "unbabel/eamt22-cometinho-da"), "Apache-2.0"),
}
"""As the models' cards state them."""
_GATED = {name for name, licence in _LICENCES.items() if "NC" in licence}
"""On the hub behind terms that must be accepted first."""
Use = Literal["must", "may", "never"]


class _Plain(yaml.SafeLoader):
    """Reads what a trainer dumped; what only Python can build of it is of no concern here."""


def _nothing(*_: object) -> None:
    """What stands for a value that only Python can build."""


_Plain.add_multi_constructor("", _nothing)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as a recipe names it."""

    model: str
    """Hub id, folder, or `.ckpt` file."""
    revision: str | None
    hparams: Mapping[str, Any]
    encoder: str
    """Hub id or folder of the encoder's tokenizer and shape."""

    @property
    def class_name(self) -> str:
        """COMET's class."""
        return _KINDS[self.hparams["class_identifier"]]

    @property
    def sides(self) -> tuple[str, ...]:
        """What of a translation it can look at: `src`, `mt`, `ref`."""
        if self.class_name == "ReferencelessRegression":
            return ("src", "mt")
        if self.class_name == "UnifiedMetric":
            segments = self.hparams.get("input_segments", ["mt", "src", "ref"])
            return tuple(side for side in ("src", "mt", "ref") if side in segments)
        return ("src", "mt", "ref")

    @property
    def references(self) -> Use:
        """Whether it reads a reference. Unified models that know both sources and references can do without."""
        if "ref" not in self.sides:
            return "never"
        return "must" if self.class_name == "RegressionMetric" or "src" not in self.sides else "may"

    @property
    def spans(self) -> bool:
        """Whether it marks errors in the translation."""
        return self.class_name == "XCOMETMetric" or bool(self.hparams.get("word_level_training"))

    @property
    def name(self) -> str:
        """Its name in signatures: no path of this machine."""
        return _folder(self.model).resolve().name if Path(self.model).exists() else self.model

    @property
    def licence(self) -> str | None:
        """Its licence as the card states it; that it forbids commerce or asks for consent is said with it."""
        known = _LICENCES.get(self.model.lower())
        if known is None:
            known = card_licence(str(_folder(self.model)) if Path(self.model).exists() else self.model, self.revision)
        if known is None:
            return None
        told = [
            word
            for word, true in (("non-commercial", "nc" in known.lower().split("-")), ("gated", self._gated))
            if true
        ]
        return f"{known} ({', '.join(told)})" if told else known

    @property
    def _gated(self) -> bool:
        return self.model.lower() in _GATED

    def window(self) -> int:
        """Tokens that the encoder reads."""
        config = _encoder_config(self.encoder)
        return int(config.get("max_position_embeddings", 514)) - 2

    def identity(self) -> dict[str, Any]:
        """What decides its numbers: weights and settings by content or commit, the encoder's files likewise."""
        return {**self._own_identity(), "encoder": _encoder_identity(self.encoder)}

    def short_identity(self) -> str:
        """`commit:ab12cd34` or `content:ab12cd34`."""
        [(what, value)] = self._own_identity().items()
        return f"{what}:{value[:8]}"

    def _own_identity(self) -> dict[str, str]:
        if not Path(self.model).exists():
            return model_identity(self.model, self.revision)
        files = [_folder(self.model) / HPARAMS, weights(self.model)]
        return {"content": digest(remembered_hashes([local_version(str(file)) for file in files], cache_folder()))}

    def fetched(self) -> tuple[Path, Path]:
        """The file of weights and the encoder's folder on this machine; what lies on the hub is fetched.

        Raises:
            UserError: it may not be had, or cannot be.
        """
        if Path(self.model).exists():
            file = weights(self.model)
        else:
            file = weights(str(_fetched(self.model, self.revision, (HPARAMS, "checkpoints/*.ckpt"))))
        if Path(self.encoder).is_dir():
            return file, Path(self.encoder)
        return file, _fetched(self.encoder, None, ENCODER_FILES)


def read_checkpoint(model: str, revision: str | None, encoder: str | None) -> Checkpoint:
    """What a checkpoint's `hparams.yaml` says of it; `encoder` goes before the encoder named there.

    Raises:
        UserError: there is no such checkpoint, it is none of COMET's, or of a kind that gives no scores.
    """
    if Path(model).exists():
        if revision is not None:
            raise UserError(f"{model} lies on this machine and has no `revision`; leave it out")
        weights(model)
        file = _folder(model) / HPARAMS
    elif model.startswith((".", "/", "~")) or model.endswith(".ckpt"):
        raise UserError(
            f"there is no COMET checkpoint {model}. Expected a folder with {HPARAMS} and checkpoints/*.ckpt"
        )
    else:
        found = model_file(model, revision, HPARAMS)
        if found is None:
            raise UserError(f"{model} on the hub has no {HPARAMS}: it is no COMET checkpoint")
        file = found
    hparams = _hparams(file, model)
    named = encoder or str(hparams.get("pretrained_model", "xlm-roberta-large"))
    beside = file.parent / named
    return Checkpoint(model, revision, hparams, str(beside) if not encoder and beside.is_dir() else named)


def weights(model: str) -> Path:
    """The file of weights that a local checkpoint means.

    Raises:
        UserError: there is none, or one of several is to be named.
    """
    path = Path(model)
    folder = _folder(model)
    if not (folder / HPARAMS).is_file():
        raise UserError(
            f"{model} is no COMET checkpoint: {folder / HPARAMS} is not there. Expected a folder with {HPARAMS} and "
            "checkpoints/*.ckpt, as COMET's trainer leaves it"
        )
    if path.is_file():
        return path
    found = sorted((folder / "checkpoints").glob("*.ckpt"))
    if (chosen := folder / "checkpoints" / "model.ckpt") in found:
        return chosen
    if len(found) != 1:
        listed = ", ".join(file.name for file in found) or "none"
        raise UserError(f"{folder / 'checkpoints'} should hold one .ckpt file; found: {listed}. Name one as `model`")
    return found[0]


def _fetched(model: str, revision: str | None, names: Sequence[str]) -> Path:
    return hub_folder(model, model_identity(model, revision)["commit"], names)


def _folder(model: str) -> Path:
    path = Path(model)
    # Not resolved: the hub's cache links to files that lie elsewhere.
    return path.absolute().parents[1] if path.is_file() else path


def _hparams(file: Path, model: str) -> dict[str, Any]:
    try:
        hparams = yaml.load(file.read_text("utf-8"), _Plain)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{file} cannot be read: {error}") from None
    kind = hparams.get("class_identifier") if isinstance(hparams, dict) else None
    if kind not in _KINDS:
        raise UserError(
            f"{model} is of the kind {kind!r}, which gives no score of a translation. Expected a checkpoint of "
            f"{', '.join(_KINDS.values())} ({', '.join(_KINDS)} in {HPARAMS})"
        )
    assert isinstance(hparams, dict)
    return hparams


def _encoder_identity(encoder: str) -> dict[str, str]:
    if not Path(encoder).is_dir():
        return model_identity(encoder)
    files = [file for name in ENCODER_FILES if (file := Path(encoder) / name).is_file()]
    hashes = remembered_hashes([local_version(str(file)) for file in files], cache_folder())
    return {"content": digest([[file.name, value] for file, value in zip(files, hashes, strict=True)])}


def _encoder_config(encoder: str) -> dict[str, Any]:
    import orjson

    file = model_file(encoder, None, "config.json")
    if file is None:
        raise UserError(
            f"the encoder {model_name(encoder)} has no config.json. Expected a folder or a model of the hub with "
            "config.json and tokenizer; give another one as `encoder:`"
        )
    config = orjson.loads(file.read_bytes())
    return config if isinstance(config, dict) else {}
