"""COMET in a process of its own: reads requests, one JSON line each, and writes verdicts, one JSON line each.

Run by the Python of COMET's environment as `python -I worker.py`, so that it imports that environment and nothing of
ours. The first line on its standard input is what to load; each other line asks for scores:

    {"id": 7, "texts": ["Guten Tag", "Good day", ...], "rows": [[0, 1], ...], "batch_size": 32, "batch_tokens": 16384}

A row names its texts by place, in the order of the sides that were loaded. Answers come as verdicts are there, in any
order: `{"id": 7, "rows": [4, 0], "scores": [0.81, null], "notes": [null, "truncated"], "spans": [...]}`, and at the end
`{"id": 7, "done": {...}}`. Closing its input ends it, also in the midst of work.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Say = Callable[[dict[str, Any]], None]
_FLUSH_S = 2.0
"""Seconds after which verdicts are handed on, however few."""
_FLUSH_ROWS = 512
_TOKENIZED = 2000
"""Texts that are tokenized at once."""


class Refused(Exception):
    """What was to be loaded is none of COMET's metrics, or cannot be used."""


def main() -> None:
    """Load what the first line says, then answer until the input is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    say = _own_channel()
    lines = _input_lines()
    settings = json.loads(lines.get())
    try:
        metric = Metric(settings, say)
    except Refused as error:
        say({"refused": str(error)})
        return
    say({"ready": metric.facts})
    while True:
        request = json.loads(lines.get())
        began = time.monotonic()
        try:
            done = metric.answer(request)
        except Exception as error:
            if _fatal(error):
                raise
            traceback.print_exc()
            say({"id": request["id"], "error": f"{type(error).__name__}: {error}"})
        else:
            say({"id": request["id"], "done": {**done, "seconds": time.monotonic() - began}})


def _own_channel() -> Say:
    """A way to write lines that nothing else can write to: what libraries print goes to the log of errors."""
    channel = os.fdopen(os.dup(1), "w", encoding="ascii", newline="\n")
    os.dup2(2, 1)

    def say(what: dict[str, Any]) -> None:
        channel.write(json.dumps(what) + "\n")
        channel.flush()

    return say


def _input_lines() -> queue.Queue[str]:
    """Lines of the input, read beside the work, so that its end is noticed in the midst of a long request."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return lines


class Metric:
    """A loaded checkpoint."""

    def __init__(self, settings: dict[str, Any], say: Say) -> None:
        """Load it onto its device.

        Raises:
            Refused: it is none of COMET's metrics.
        """
        import torch

        torch.set_num_threads(settings["threads"])
        self._say = say
        self._torch = torch
        self._device = _device(torch, settings["device"])
        self._sides: list[str] = settings["sides"]
        model = _load(settings)
        if settings["dtype"] != "float32":
            model = model.to(getattr(torch, settings["dtype"]))
        self._model = model.to(self._device).eval()
        self._encoder = model.encoder
        self._apart = type(model).__name__ in ("RegressionMetric", "ReferencelessRegression")
        if getattr(model, "word_level", False):
            _decode_on_cpu(model)
        if not self._apart and model.layerwise_attention and not model.layerwise_attention.layer_norm:
            _mix_first_tokens(model.layerwise_attention, torch)
        import comet

        self.facts = {
            "class": type(model).__name__,
            "device": str(self._device),
            "devices": torch.cuda.device_count(),
            "window": self._encoder.max_positions,
            "comet": _version("unbabel-comet") or getattr(comet, "__version__", ""),
        }

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Judge a request's rows and say the verdicts.

        Returns:
            Facts: sequences that went through the encoder and the share of padding among their tokens.
        """
        out = _Out(request["id"], self._say)
        texts = [_whole(text) for text in request["texts"]]
        encoded, cut = self._tokenize(texts)
        batches = _Batches(request["batch_size"], request["batch_tokens"], self._say, self._torch)
        mended = [whole != text for whole, text in zip(texts, request["texts"], strict=True)]
        work = _Work(request["rows"], encoded, cut, batches, out, mended)
        with self._torch.inference_mode():
            if self._apart:
                self._sides_apart(work)
            else:
                self._sides_joined(work)
        out.flush()
        return batches.facts()

    def _tokenize(self, texts: Sequence[str]) -> tuple[list[Any], list[bool]]:
        """Encodings as COMET makes them, and whether each lost its end."""
        encoded: list[Any] = []
        for start in range(0, len(texts), _TOKENIZED):
            made = self._encoder.tokenizer(
                list(texts[start : start + _TOKENIZED]), truncation=True, max_length=self._encoder.max_positions - 2
            )
            encoded += made.encodings
        return encoded, [bool(each.overflowing) for each in encoded]

    def _sides_apart(self, work: _Work) -> None:
        """Encode each text once, longest first; judge a row as soon as all its sides are encoded."""
        users: dict[int, list[int]] = {}
        for place, row in enumerate(work.rows):
            for text in set(row):
                users.setdefault(text, []).append(place)
        waiting = [len(set(row)) for row in work.rows]
        vectors: list[Any] = [None] * len(work.encoded)
        lost: dict[int, str] = {}
        ready: list[int] = []
        size = {text: len(work.encoded[text].ids) for text in users}
        told = time.monotonic()
        for texts, made in work.batches.run(list(users), size, self._embed(work.encoded)):
            if isinstance(made, str):
                lost.update(dict.fromkeys(texts, made))
            for at, text in enumerate(texts):
                vectors[text] = None if isinstance(made, str) else made[at]
                for place in users[text]:
                    waiting[place] -= 1
                    if not waiting[place]:
                        ready.append(place)
            if len(ready) >= _FLUSH_ROWS or (ready and time.monotonic() - told > _FLUSH_S):
                self._estimate(work, ready, vectors, lost)
                ready, told = [], time.monotonic()
        if ready:
            self._estimate(work, ready, vectors, lost)

    def _embed(self, encoded: Sequence[Any]) -> Callable[[Sequence[int]], Any]:
        def embed(texts: Sequence[int]) -> Any:
            ids, mask = self._padded([encoded[text].ids for text in texts])
            return self._model.compute_sentence_embedding(ids.to(self._device), mask.to(self._device))

        return embed

    def _estimate(self, work: _Work, places: Sequence[int], vectors: Sequence[Any], lost: dict[int, str]) -> None:
        """The feed-forward part of the model over sides that are encoded already, as its `forward` does it."""
        torch = self._torch
        good = [place for place in places if not lost.keys() & set(work.rows[place])]
        for place in set(places) - set(good):
            why = next(lost[text] for text in work.rows[place] if text in lost)
            work.out.add([place], [None], [why])
        if not good:
            return
        of = {side: torch.stack([vectors[work.rows[p][at]] for p in good]) for at, side in enumerate(self._sides)}
        if "ref" in of:
            scores = self._model.estimate(of["src"], of["mt"], of["ref"]).score
        else:
            both = (of["mt"], of["src"], of["mt"] * of["src"], torch.abs(of["mt"] - of["src"]))
            scores = self._model.estimator(torch.cat(both, dim=1)).view(-1)
        work.tell(good, scores.float().tolist(), [any(work.cut[text] for text in work.rows[p]) for p in good])

    def _sides_joined(self, work: _Work) -> None:
        """Judge rows whose sides the model reads as one sequence, longest first."""
        places = [self._sides.index("mt"), *(at for at, side in enumerate(self._sides) if side != "mt")]
        rows = [[row[at] for at in places] for row in work.rows]
        # Between two sides stand as many separators as the encoder has; each side brings its own two marks.
        between = self._encoder.size_separator - 2
        size = {
            place: sum(len(work.encoded[text].ids) for text in row) + between * (len(row) - 1)
            for place, row in enumerate(rows)
        }
        window = self._encoder.max_positions
        read = {place: min(size[place], window) for place in size}
        for some, made in work.batches.run(list(size), read, self._predict(work.encoded, rows)):
            if isinstance(made, str):
                work.out.add(some, [None] * len(some), [made] * len(some))
                continue
            cut = [size[place] > window or any(work.cut[text] for text in rows[place]) for place in some]
            spans = made["metadata"]["error_spans"] if "error_spans" in made.get("metadata", {}) else None
            work.tell(some, made["scores"].float().tolist(), cut, spans)

    def _predict(self, encoded: Sequence[Any], rows: Sequence[Sequence[int]]) -> Callable[[Sequence[int]], Any]:
        def predict(places: Sequence[int]) -> Any:
            sides = [[encoded[rows[place][at]] for place in places] for at in range(len(rows[places[0]]))]
            inputs = [self._side(side, at == 0) for at, side in enumerate(sides)]
            joined = self._model.concat_inputs(inputs, len(inputs) == 3)["inputs"]
            tensor = self._torch.is_tensor
            moved = tuple({k: v.to(self._device) if tensor(v) else v for k, v in each.items()} for each in joined)
            return self._model.predict_step(moved)

        return predict

    def _side(self, encoded: Sequence[Any], translation: bool) -> dict[str, Any]:
        """One side as the encoder's own `prepare_sample` gives it."""
        ids, mask = self._padded([each.ids for each in encoded])
        side = {"input_ids": ids, "attention_mask": mask}
        if translation and self._model.word_level:
            # Where errors are looked for; which they are is for training alone.
            side["label_ids"] = mask.long() - 1
            side["offsets"] = [each.offsets for each in encoded]
        return side

    def _padded(self, ids: Sequence[Sequence[int]]) -> tuple[Any, Any]:
        length = max(map(len, ids))
        pad = self._encoder.tokenizer.pad_token_id
        tensor = self._torch.tensor
        padded = tensor([[*each, *([pad] * (length - len(each)))] for each in ids])
        return padded, tensor([[1] * len(each) + [0] * (length - len(each)) for each in ids])


class _Out:
    """Verdicts on their way, handed on every few seconds."""

    def __init__(self, number: int, say: Say) -> None:
        self._number = number
        self._say = say
        self._empty()

    def add(
        self,
        rows: Sequence[int],
        scores: Sequence[float | None],
        notes: Sequence[str | None],
        spans: Sequence[Any] | None = None,
    ) -> None:
        self._held["rows"] += rows
        self._held["scores"] += scores
        self._held["notes"] += notes
        self._held["spans"] += spans or [None] * len(rows)
        if len(self._held["rows"]) >= _FLUSH_ROWS or time.monotonic() - self._since > _FLUSH_S:
            self.flush()

    def flush(self) -> None:
        if self._held["rows"]:
            self._say({"id": self._number, **self._held})
        self._empty()

    def _empty(self) -> None:
        self._held: dict[str, list[Any]] = {"rows": [], "scores": [], "notes": [], "spans": []}
        self._since = time.monotonic()


class _Work:
    """A request while it is worked on."""

    def __init__(
        self,
        rows: Sequence[Sequence[int]],
        encoded: Sequence[Any],
        cut: Sequence[bool],
        batches: _Batches,
        out: _Out,
        mended: Sequence[bool],
    ) -> None:
        self.rows = rows
        self.encoded = encoded
        self.cut = cut
        self.batches = batches
        self.out = out
        self._mended = mended

    def tell(
        self, places: Sequence[int], scores: Sequence[float], cut: Sequence[bool], spans: Sequence[Any] | None = None
    ) -> None:
        """Hand scores on, with what is to be known of them."""
        notes: list[str | None] = []
        for place, score, short in zip(places, scores, cut, strict=True):
            mended = any(self._mended[text] for text in self.rows[place])
            note = "truncated" if short else "lone surrogate replaced" if mended else None
            notes.append("no number from the model" if score != score else note)
        numbers = [None if score != score else score for score in scores]
        self.out.add(places, numbers, notes, spans)


class _Batches:
    """Runs things in batches of like length, and in smaller ones where memory does not suffice."""

    def __init__(self, size: int, tokens: int, say: Say, torch: Any) -> None:
        self._size = size
        self._tokens = tokens
        self._say = say
        self._torch = torch
        self._sequences = self._read = self._padded = 0

    def run(
        self, things: list[int], length: dict[int, int], do: Callable[[Sequence[int]], Any]
    ) -> Iterator[tuple[Sequence[int], Any]]:
        """Each batch with what came of it: what `do` gave, or why there is nothing. Longest first."""
        things = sorted(things, key=lambda thing: -length[thing])
        start = 0
        while start < len(things):
            longest = max(1, length[things[start]])
            some = things[start : start + max(1, min(self._size, self._tokens // longest))]
            # A few long texts do not stretch many short ones.
            some = [thing for thing in some if 2 * length[thing] >= longest] or some[:1]
            start += len(some)
            self._sequences += len(some)
            self._read += sum(length[thing] for thing in some)
            self._padded += longest * len(some)
            yield from self._tried(some, longest, do)

    def facts(self) -> dict[str, Any]:
        share = 1 - self._read / self._padded if self._padded else 0.0
        return {"sequences": self._sequences, "tokens": self._read, "padding": share}

    def _tried(
        self, some: Sequence[int], longest: int, do: Callable[[Sequence[int]], Any]
    ) -> Iterator[tuple[Sequence[int], Any]]:
        short = False
        try:
            made = do(some)
        except Exception as error:
            if _fatal(error):
                raise
            short = _short_of_memory(error)
            why = "failed: out of memory" if short else "error in the model"
            if short:
                self._halve(len(some), longest)
            elif len(some) == 1:
                traceback.print_exc()
            made = why
        if isinstance(made, str) and len(some) > 1:
            if self._torch.cuda.is_available():
                self._torch.cuda.empty_cache()
            at = 0
            while at < len(some):
                # Smaller yet where a part has run short meanwhile.
                part = some[at : at + min(len(some) // 2, self._size if short else len(some))]
                at += len(part)
                yield from self._tried(part, longest, do)
        else:
            yield some, made

    def _halve(self, size: int, longest: int) -> None:
        self._size = min(self._size, max(1, size // 2))
        self._tokens = min(self._tokens, max(longest, size * longest // 2))
        self._say({"said": {"batch_size": self._size, "why": "out of memory"}})


def _fatal(error: Exception) -> bool:
    """Whether the device has failed: then all that comes after fails too, and the process must go."""
    return "CUDA error" in str(error) and not _short_of_memory(error)


def _short_of_memory(error: Exception) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text


def _whole(text: str) -> str:
    """A text that can be written as UTF-8: pairs of surrogates joined, lone ones replaced by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _device(torch: Any, wanted: str) -> Any:
    if wanted == "auto":
        wanted = "cuda:0" if torch.cuda.is_available() else "cpu"
    try:
        return torch.device(wanted)
    except RuntimeError as error:
        raise Refused(f"device {wanted!r} is none: {error}") from None


def _load(settings: dict[str, Any]) -> Any:
    """The model, with its encoder's tokenizer and shape from where we say."""
    import logging
    import warnings
    from functools import partial

    warnings.filterwarnings("ignore")
    for name in ("pytorch_lightning", "lightning", "transformers"):
        logging.getLogger(name).setLevel(logging.ERROR)
    import pytorch_lightning.core.saving as saving
    from comet.models import str2model

    # A pickle can run anything; weights and plain settings alone are read unless more is asked for.
    if not settings["trust_pickle"]:
        saving.pl_load = partial(saving.pl_load, weights_only=True)
    changed = {"pretrained_model": settings["encoder"]}
    if settings["hparams"].get("layer_transformation") == "sparsemax_patch":
        # As COMET's own loader does since 2.2.4.
        changed["layer_transformation"] = "softmax"
    metric = str2model[settings["hparams"]["class_identifier"]]
    missing = _missing_weights(metric)
    try:
        model = metric.load_from_checkpoint(
            settings["checkpoint"],
            load_pretrained_weights=False,
            map_location="cpu",
            strict=False,
            local_files_only=True,
            **changed,
        )
    except Exception as error:
        traceback.print_exc()
        said = " ".join(line.strip() for line in str(error).splitlines()[:2])
        if "weights_only" in str(error).lower() or "unpickl" in type(error).__name__.lower():
            raise Refused(f"it holds more than weights and plain settings, or is no checkpoint: {said}") from None
        raise Refused(f"{type(error).__name__}: {said}") from None
    if missing:
        raise Refused(f"it lacks weights that its {type(model).__name__} must have, such as {missing[0]}")
    return model


def _missing_weights(metric: Any) -> list[str]:
    """Names of weights that a loading metric does not find in its checkpoint; the list fills while it loads."""
    missing: list[str] = []
    load = metric.load_state_dict

    def load_state_dict(self: Any, *args: Any, **options: Any) -> Any:
        result = load(self, *args, **options)
        weights = {name for name, _ in self.named_parameters()}
        missing.extend(name for name in result.missing_keys if name in weights)
        return result

    metric.load_state_dict = load_state_dict
    return missing


def _decode_on_cpu(model: Any) -> None:
    """Spans are decoded token by token, for which each number would be fetched from the device by itself."""
    decode = model.decode
    model.decode = lambda probabilities, ids, offsets: decode(probabilities.float().cpu(), ids.cpu(), offsets)


def _mix_first_tokens(attention: Any, torch: Any) -> None:
    """Unified models look at the first token of the mixed layers alone; the library mixes all tokens."""

    def forward(tensors: Sequence[Any], mask: Any = None) -> Any:
        del mask
        weights = attention.transform_fn(torch.cat(list(attention.scalar_parameters)), dim=0)
        return attention.gamma * sum(weight * tensor[:, :1] for weight, tensor in zip(weights, tensors, strict=True))

    attention.forward = forward


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return ""


if __name__ == "__main__":
    main()
