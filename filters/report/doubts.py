"""What should make a reader doubt the corpus: every check has a limit, and what goes beyond it is said first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corpus.laws import balances, plain
from filters.report import origins
from filters.report.agreement import Agreement
from filters.report.books import Step, flow, outputs, tally
from filters.report.drops import Loss
from filters.report.judges import BY_ORDER, kinship, order_bias
from filters.report.markdown import code, count, listed, percent, plural, real
from filters.report.picks import Picks
from filters.report.scores import Scored

UNJUDGED = 0.05
"""Share of rows that a score may leave unjudged."""
ONE_RULE = 0.30
"""Share of what comes in that one rule may drop."""
ONE_LANGUAGE = 0.50
"""Share of a language or origin that a stage may drop where it drops less of the whole."""
ONE_SYSTEM = 0.80
"""Share of what was chosen that one of several systems may have given."""
LONGER = 0.70
"""Share of preference pairs in which the chosen answer may be the longer one, or the shorter one."""
AGAINST = -0.10
"""Mean correlation within prompts below which two scores rank against each other."""
WITHOUT = 0.50
"""Share of prompts for which nothing may be left to choose from."""
REPEATED = 0.05
"""Share of the rows read that may repeat an earlier one."""
MEANINGFUL = 20
"""Rows below which a share says nothing."""

CHECKS = (
    "the books of every stage balance and agree with the rows set aside",
    "every dataset was made of the ones shown here",
    "no dataset is empty, nor a validation split that was asked for",
    "all of the input was read, not a sample",
    f"licences are known, and at most {REPEATED:.0%} of the rows read repeat",
    "no model under a non-commercial licence selected rows",
    f"no rule drops more than {ONE_RULE:.0%}, and no language or origin loses more than {ONE_LANGUAGE:.0%} "
    "where the whole loses less",
    f"scores differ between rows, are null in at most {UNJUDGED:.0%} of them, and do not rank the answers to a prompt "
    f"against each other (mean correlation below {AGAINST:g})",
    "no judge is of the family of a model whose answers it judges (as far as names tell), and the order of the answers "
    f"decides at most {BY_ORDER:.0%} of its comparisons",
    f"no system gives more than {ONE_SYSTEM:.0%} of what is chosen",
    f"chosen answers are longer (or shorter) than rejected ones in at most {LONGER:.0%} of pairs",
    f"at most {WITHOUT:.0%} of prompts are left without an output",
)
"""What is looked at, in words. Shares of fewer than twenty rows are let pass."""


@dataclass(frozen=True)
class Findings:
    """All that the checks look at."""

    run: Sequence[Step]
    lost: Sequence[Loss]
    scored: Sequence[Scored]
    agreed: Sequence[Agreement]
    picks: Sequence[Picks]


def doubts(found: Findings) -> list[str]:
    """Everything beyond a limit, as sentences."""
    return [
        *_books(found.run, found.lost),
        *_lineage(found.run),
        *_empty(found.run),
        *_read(found.run),
        *_licenses(found.run),
        *origins.licence_doubts(found.run),
        *_rules(found.lost),
        *_scores(found.scored),
        *_agreement(found.agreed),
        *kinship(found.scored),
        *order_bias(found.scored, MEANINGFUL),
        *_picks(found.picks),
        *_without(found.run),
    ]


def section(told: Sequence[str]) -> str:
    """The box at the top of the page."""
    if not told:
        return "> **Nothing stands out** of what was [checked](#checks)."
    lines = [f"> **{plural(len(told), 'thing')} to look at before using this** ([all checks](#checks)):", ">"]
    return "\n".join([*lines, *(f"> - {line}" for line in told)])


def checks() -> str:
    """What was looked at, with the limits."""
    return "\n".join(f"- {check[0].upper()}{check[1:]}." for check in CHECKS)


def _books(run: Sequence[Step], lost: Sequence[Loss]) -> Iterator[str]:
    for step in run:
        for balance in balances(step.manifest):
            if not balance.holds:
                yield (
                    f"The books of {code(step.name)} do not balance: {balance.law}, but {count(balance.left)} is not "
                    f"{count(balance.right)}."
                )
    for loss in lost:
        aside = int(loss.rows["rows"].sum())
        if aside != loss.dropped:
            yield (
                f"The manifest of {code(loss.stage)} counts {plural(loss.dropped, loss.unit)} dropped, and "
                f"{count(aside)} are set aside."
            )


def _lineage(run: Sequence[Step]) -> Iterator[str]:
    for step in run:
        # Rows may well be read from another recipe's dataset; what is made of them may not.
        if step.strangers and step.verb != "read":
            yield (
                f"{code(step.name)} was made of {listed(step.strangers)}, which is not the newest result of a stage "
                "here: run the recipe to its end."
            )


def _empty(run: Sequence[Step]) -> Iterator[str]:
    for step in run:
        if not step.manifest.rows:
            yield f"{code(step.name)} has no rows."
        if (
            "validation" in step.manifest.splits
            and not plain(step.manifest.counts, "validation")
            and step.verb == "mix"
        ):
            yield f"The validation split of {code(step.name)} is empty."


def _read(run: Sequence[Step]) -> Iterator[str]:
    for step in run:
        counts = step.manifest.counts
        if step.verb != "read":
            continue
        sampled, aside = plain(counts, "sampled_out"), plain(counts, "aside")
        if sampled or step.manifest.options.get("sample"):
            yield f"{code(step.name)} is a sample of its input: {plural(step.manifest.rows, 'row')}."
        if aside:
            share, reasons = percent(aside, plain(counts, "records")), _reasons(tally(counts, "aside"))
            yield f"{code(step.name)} could not read {plural(aside, 'record')} ({share}): {reasons}."
        repeated = plain(counts, "repeated")
        if repeated > REPEATED * step.manifest.rows:
            share = percent(repeated, step.manifest.rows)
            yield f"{plural(repeated, 'row')} of {code(step.name)} ({share}) repeat earlier ones."


def _reasons(reasons: dict[str, int]) -> str:
    return ", ".join(f"{code(reason)} {count(rows)}" for reason, rows in reasons.items())


def _licenses(run: Sequence[Step]) -> Iterator[str]:
    for step in outputs(run):
        unknown, rows = step.manifest.licenses.get("unknown", 0), step.manifest.rows
        if unknown:
            yield f"The licence of {plural(unknown, 'row')} in {code(step.name)} ({percent(unknown, rows)}) is unknown."


def _rules(lost: Sequence[Loss]) -> Iterator[str]:
    for loss in lost:
        if loss.unit not in ("row", "record") or loss.into < MEANINGFUL:
            continue
        for rule, rows in loss.reasons.items():
            if rows > ONE_RULE * loss.into:
                share = percent(rows, loss.into)
                yield f"{code(rule)} drops {share} of what comes into {code(loss.stage)} ({plural(rows, loss.unit)})."
        for dimension in ("language", "origin"):
            if dimension not in loss.into_by or loss.dropped > ONE_LANGUAGE * loss.into:
                continue
            for value, into, dropped in loss.by(dimension).iter_rows():
                if into >= MEANINGFUL and dropped > ONE_LANGUAGE * into:
                    yield (
                        f"{code(loss.stage)} drops {percent(dropped, into)} of the {dimension} {code(value)}, and "
                        f"{percent(loss.dropped, loss.into)} of the whole."
                    )


def _scores(scored: Sequence[Scored]) -> Iterator[str]:
    for one in scored:
        blind: dict[int, list[str]] = {}
        constant, names = [], [column.name for column in one.columns]
        # One of a scorer's measures may well be 0 everywhere; a scorer that tells nothing apart is broken.
        telling = {column.scorer for column in one.columns if column.numeric and not column.constant}
        for column in one.columns:
            # No spans is a finding, and no note is good news; neither is a row left unjudged.
            silent_is_fine = column.name.startswith("spans_") or origins.is_note(column.name, names)
            if not silent_is_fine and column.rows >= MEANINGFUL and column.told.unjudged > UNJUDGED * column.rows:
                blind.setdefault(column.told.unjudged, []).append(column.name)
            silent = column.numeric and column.constant and (column.ranks or column.scorer not in telling)
            if silent and column.told.scored >= MEANINGFUL:
                constant.append(f"{code(column.name)} ({real(column.told.mean)})")
        for unjudged, names in blind.items():
            share = percent(unjudged, one.step.manifest.rows)
            yield f"{listed(names)}: null in {share} of the rows of {code(one.step.name)} ({plural(unjudged, 'row')})."
        if constant:
            yield f"The same value in every row of {code(one.step.name)}: {', '.join(constant)}."


def _agreement(agreed: Sequence[Agreement]) -> Iterator[str]:
    for one in agreed:
        if one.ranks and one.prompts >= MEANINGFUL and one.within is not None and one.within < AGAINST:
            yield (
                f"{code(one.left.name)} and {code(one.right.name)} rank the answers to a prompt against each other: "
                f"mean correlation {one.within:.2f} over {plural(one.prompts, 'prompt')}."
            )


def _picks(picks: Sequence[Picks]) -> Iterator[str]:
    for pick in picks:
        systems, stage = pick.systems, code(pick.step.name)
        competing = systems.filter(systems["candidates"] > 0).height
        asked_for = pick.step.manifest.options.get("chosen") == "reference"
        if pick.chosen >= MEANINGFUL and competing == 1:
            yield f"Only one system answers what {stage} chooses from."
        elif not asked_for and pick.chosen >= MEANINGFUL and systems["chosen"][0] > ONE_SYSTEM * pick.chosen:
            share = percent(systems["chosen"][0], pick.chosen)
            yield f"{code(systems['system'][0])} gives {share} of what {stage} chooses."
        total = pick.total
        if total is None or total["pairs"] < MEANINGFUL:
            continue
        for length in ("longer", "shorter"):
            if total[length] > LONGER * total["pairs"]:
                share = percent(total[length], total["pairs"])
                yield f"The chosen answer is the {length} one in {share} of the pairs of {stage}."


def _without(run: Sequence[Step]) -> Iterator[str]:
    for step in run:
        flowed = flow(step)
        if step.verb in ("best", "pair") and flowed.into >= MEANINGFUL and flowed.dropped > WITHOUT * flowed.into:
            share = percent(flowed.dropped, flowed.into)
            yield f"{code(step.name)} gives nothing for {share} of its prompts: {_reasons(flowed.lost)}."
