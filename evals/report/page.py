"""Write the report of an evaluation: a page of Markdown with plots, one of HTML to explore, all numbers as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evals.paired import LEVEL
from evals.pareto import hypervolume, pareto
from evals.published import Figure, published
from evals.report.claims import claims
from evals.report.explore import explore
from evals.report.picture import draw
from evals.report.results import Picture, Results, axes
from evals.report.tables import Sheet, differences_frame, models_sheet, numbers_frame, published_sheet, sheets
from filters.report.folder import Folder
from filters.report.markdown import code, escaped, plural, real

MAKER = "python -m evals compare"
PUBLISHED_NOTE = (
    "Numbers that others published. Nothing of it was measured here; it is drawn hollow, and never ranked or averaged "
    "with what was. The mark tells how each is known: read in the paper, in notes of others, only recalled, or worked "
    "out."
)


def write_report(results: Results, out: Path, figures: Sequence[Figure] | None = None) -> Path:
    """Write README.md, its plots (SVG), `explore.html` and the numbers (CSV) into a folder.

    The same results give the same bytes.

    Args:
        results: what was measured.
        out: folder to write; an earlier report in it is replaced.
        figures: published ones to set beside; without it, those that ship (`evals/published.yaml`).

    Returns:
        The page.

    Raises:
        UserError: `out` holds something else than a report.
    """
    figures = published() if figures is None else figures
    folder = Folder(out, MAKER)
    told = claims_sheet(results)
    links = [
        folder.text("explore.html", explore(results, figures, told)),
        folder.csv("numbers.csv", numbers_frame(results)),
        folder.csv("differences.csv", differences_frame(results)),
    ]
    models = models_sheet(results)
    sections = {models.title: models.markdown()}
    if results.left_out:
        sections["Left out"] = "\n".join(f"- {escaped(told)}" for told in results.left_out)
    for place, picture in enumerate(results.pictures):
        title = " and ".join(metric.key for metric in picture.axes)
        sections[escaped(title)] = _picture(results, picture, figures, folder, f"pareto-{place + 1}.svg")
    sections |= {escaped(sheet.title): sheet.markdown() for sheet in sheets(results)}
    elsewhere = published_sheet(figures, results)
    if elsewhere:
        sections[elsewhere.title] = f"{PUBLISHED_NOTE}\n\n{elsewhere.markdown()}"
    sections[told.title] = told.markdown()
    body = "\n\n".join(f"## {title}\n\n{content}" for title, content in sections.items())
    head = (
        f"{plural(len(results.models), 'model')}, {plural(len(results.measured), 'metric')}. Intervals are 95 % by "
        "resampling items, documents whole. Every model of a group is significantly better (paired permutation test, "
        f"p < {LEVEL}, not corrected for how many comparisons there are) than every model of the groups below it. "
        "Items that failed or could not be judged are counted and enter no number.\n\n"
        f"To explore, and as files: {', '.join(link for link in links if link)}."
    )
    return folder.page(f"# {escaped(results.name)}\n\n{head}\n\n{body}")


def claims_sheet(results: Results) -> Sheet:
    """The table that closes the report."""
    in_loop = sum(number.in_loop for measured in results.measured for number in measured.numbers.values())
    below = ["Worked out from these numbers. Each model is compared with those it was made of and those next in rank."]
    if in_loop:
        below.append(
            f"{plural(in_loop, 'number')} in the loop (a metric of the family chose the model's training data) "
            f"{'is' if in_loop == 1 else 'are'} in no ranking, no picture and no claim."
        )
    return Sheet("Claims", "lll", ["claim", "evidence", "what would change it"], claims(results), below)


def _picture(results: Results, picture: Picture, figures: Sequence[Figure], folder: Folder, name: str) -> str:
    found = pareto(results.points(), axes(picture.axes))
    lines = [f"On the frontier: {', '.join(map(code, found.frontier)) or 'no model'}."]
    surely = [code(standing.point.name) for standing in found.standings if standing.surely_by]
    if surely:
        lines.append(f"Dominated beyond their intervals: {', '.join(surely)}.")
    if found.unplaced:
        lines.append(
            f"Without a number that may stand on each axis (not measured, not judged, or in the loop): "
            f"{', '.join(map(code, found.unplaced))}."
        )
    if all(metric.key in picture.reference for metric in picture.axes):
        at = ", ".join(real(picture.reference[metric.key]) for metric in picture.axes)
        lines.append(f"Hypervolume {real(hypervolume(found, picture.reference))} against the reference point ({at}).")
    alt = escaped("Models by " + " and ".join(metric.key for metric in picture.axes))
    return f"{folder.svg(name, draw(results, picture, figures), alt)}\n\n{' '.join(lines)}"
