"""The books of a run: what each stage took in and gave on, and which dataset was made of which, from the manifests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from corpus.dataset import Dataset
from corpus.dataset import open as open_dataset
from corpus.errors import UserError
from corpus.laws import plain, set_aside
from corpus.manifest import Counts, Manifest
from filters.report.markdown import count, plural


@dataclass(frozen=True)
class Step:
    """A dataset of the run, and the datasets that it was made of."""

    dataset: Dataset
    inputs: tuple[Dataset, ...]
    """The datasets read that are still what they were when this one was made."""
    sources: tuple[str, ...]
    """Names of those among them that belong to this report."""
    strangers: tuple[str, ...]
    """Folder names of datasets read that do not: results of another recipe or of an earlier setting."""
    compared: tuple[str, ...] = ()
    """Names of datasets that its rows were only compared with, such as test sets."""

    @property
    def manifest(self) -> Manifest:
        """The dataset's manifest."""
        return self.dataset.manifest

    @property
    def name(self) -> str:
        """The stage's name."""
        return self.manifest.name

    @property
    def verb(self) -> str:
        """What the stage does."""
        return self.manifest.stage


@dataclass(frozen=True)
class Flow:
    """What came into a stage, what went on and what did not, in one unit."""

    unit: str
    """What is counted, in the singular."""
    into: int
    out: int
    lost: dict[str, int] = field(default_factory=dict)
    """By reason."""
    remarks: tuple[str, ...] = ()

    @property
    def dropped(self) -> int:
        """All that did not go on."""
        return sum(self.lost.values())


def steps(datasets: Sequence[Dataset]) -> list[Step]:
    """The datasets of a run, in lineage order, with what each was made of."""
    names = {dataset.path.resolve(): dataset.manifest.name for dataset in datasets}
    return [_step(dataset, names) for dataset in datasets]


def _step(dataset: Dataset, names: dict[Path, str]) -> Step:
    inputs, sources, strangers, compared = [], [], [], []
    for told in dataset.manifest.inputs:
        path = (dataset.path / told.path).resolve()
        if told.use == "compared":
            compared.append(names.get(path, path.name))
            continue
        found = _unchanged(dataset, told.path, told.content)
        if found is not None:
            inputs.append(found)
        if found is not None and path in names:
            sources.append(names[path])
        else:
            strangers.append(path.name)
    return Step(dataset, tuple(inputs), tuple(sources), tuple(strangers), tuple(compared))


def _unchanged(dataset: Dataset, path: str, content: str) -> Dataset | None:
    try:
        found = open_dataset(dataset.path / path)
    except UserError:
        return None
    return found if found.manifest.content == content else None


def outputs(run: Sequence[Step]) -> list[Step]:
    """What came out: datasets that no other was made of. Rows that were only read are no output, unless all were."""
    used = {source for step in run for source in step.sources}
    ends = [step for step in run if step.name not in used]
    return [step for step in ends if step.verb != "read"] or ends


def tally(counts: Counts, name: str) -> dict[str, int]:
    """Counts by reason; empty where there are none."""
    value = counts.get(name, {})
    return {key: number for key, number in value.items() if number} if isinstance(value, dict) else {}


def flow(step: Step) -> Flow:
    """What came into a stage and what became of it, by the stage's own law."""
    counts, rows = step.manifest.counts, step.manifest.rows
    match step.verb:
        case "read":
            remarks = [f"{count(n)} left out by the sample" for n in [plain(counts, "sampled_out")] if n]
            remarks += [plural(n, "repeated row") for n in [plain(counts, "repeated")] if n]
            remarks += [f"{count(n)} repaired: {what}" for what, n in tally(counts, "repairs").items()]
            return Flow("record", plain(counts, "records"), rows, tally(counts, "aside"), tuple(remarks))
        case "prompt":
            templates = max(1, plain(counts, "templates"))
            dropped = {reason: n * templates for reason, n in tally(counts, "dropped").items()}
            again = plain(counts, "repeated")
            repeated = {"repeated": again} if again else {}
            remarks = [plural(templates, "template")] if templates > 1 else []
            return Flow("prompt", plain(counts, "in") * templates, rows, dropped | repeated, tuple(remarks))
        case "generate":
            engines, samples = plain(counts, "engines"), plain(counts, "samples")
            remarks = [f"{plural(engines, 'engine')} × {plural(samples, 'sample')} a prompt"]
            again = plain(counts, "repeated")
            remarks += [plural(again, "repeated prompt")] if again else []
            asked = (plain(counts, "in") - again) * engines * samples
            return Flow("request", asked, rows, tally(counts, "failed"), tuple(remarks))
        case "join":
            return Flow("pair", plain(counts, "in"), plain(counts, "united"), tally(counts, "dropped"))
        case "verifiable":
            remarks = [f"of {plural(plain(counts, 'in'), 'row')}"]
            return Flow("candidate", plain(counts, "candidates"), rows, tally(counts, "rejected"), tuple(remarks))
        case "best" | "pair":
            groups, without = plain(counts, "groups"), tally(counts, "without")
            left, candidates = plain(counts, "left"), plain(counts, "in")
            referred = step.manifest.options.get("chosen") == "reference" and step.verb == "best"
            remarks = ["their references"] if referred else [f"of {plural(candidates, 'candidate')}"]
            remarks += [f"{count(left)} of them not compared"] if left else []
            return Flow("prompt", groups, groups - sum(without.values()), without, tuple(remarks))
        case "mix":
            sizes, taken = tally(counts, "in"), tally(counts, "taken")
            times = [f"{name} × {taken.get(name, 0) / n:.3g}" for name, n in sizes.items()]
            return Flow("row", sum(sizes.values()), rows, {}, tuple(times))
    # All others keep rows or set them aside; what nobody counted, as rows of `corpus.write`, came in as it stands.
    return Flow("row", plain(counts, "in") or rows, rows, dict(set_aside(step.manifest)))


def tree(run: Sequence[Step]) -> str:
    """Which dataset was made of which, as lines of plain text; one made of several stands under the last of them."""
    below: dict[str | None, list[Step]] = {}
    for step in run:
        below.setdefault(step.sources[-1] if step.sources else None, []).append(step)
    lines: list[tuple[str, Step]] = []

    def grow(parent: str | None, indent: str) -> None:
        children = below.get(parent, [])
        for place, step in enumerate(children):
            last = place == len(children) - 1
            branch = "" if parent is None else indent + ("└─ " if last else "├─ ")
            others = [*step.sources[:-1], *step.strangers]
            joined = f" (with {', '.join(others)})" if others and step.sources else ""
            joined = f" (of {', '.join(others)})" if others and not step.sources else joined
            joined += f" (compared with {', '.join(step.compared)})" if step.compared else ""
            lines.append((f"{branch}{step.name}{joined}", step))
            grow(step.name, "" if parent is None else indent + ("   " if last else "│  "))

    grow(None, "")
    width = max((len(text) for text, _ in lines), default=0)
    rows = max((len(count(step.manifest.rows)) for _, step in lines), default=0)
    return "\n".join(
        f"{text:<{width}}  {step.verb:<7} {count(step.manifest.rows):>{rows}} {step.manifest.kind:<10} "
        f"{step.manifest.content[:8]}"
        for text, step in lines
    )
