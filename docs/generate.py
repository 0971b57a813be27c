"""Write the reference pages that follow from the code: `python docs/generate.py`. A test holds them to it."""

from __future__ import annotations

import re
import textwrap
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from dermis.care import advise, person_from, questions
from dermis.care.note import note
from dermis.care.rules import VERSION, cite, rules, safety_rows, sources
from dermis.cli import VERBS, app
from dermis.core import Ordinal, Region, Scale
from dermis.pipeline.exclusion import REASONS
from dermis.pipeline.quality.problems import PROBLEMS
from dermis.tasks import GROUPS, TASKS
from dermis.tasks.intervals import LIGHTNESS, interval_belts

HERE = Path(__file__).parent / "reference"
MARK = "<!-- What follows is written by docs/generate.py from the data. -->"


WIDTH = 138


def tasks_page() -> str:
    """Return the tasks: what they ask, on which scale, of which regions, and where the scale comes from."""
    lines = [
        "# Tasks",
        "",
        "The questions that can be asked of the skin; `dermis tasks --json` gives the same to programs.",
        "What the numbers mean: [what is measured](../concepts/measurements.md).",
        "",
        "| task | question | scale | regions |",
        "|---|---|---|---|",
    ]
    for task in TASKS.values():
        regions = "all" if len(task.regions) == len(Region) else ", ".join(region.value for region in task.regions)
        asked = f" Asked where it is named: `--tasks {task.group or task.name}`." if task.on_request else ""
        lines.append(f"| `{task.name}` | {task.question}{asked} | {_scale(task.scale)} | {regions} |")
    lines += ["", f"All regions: {', '.join(region.value for region in Region)}.", "", "## Groups", ""]
    lines += [f"- `--tasks {group}`: {', '.join(f'`{name}`' for name in names)}" for group, names in GROUPS.items()]
    lines += ["", "## Where an interval is given", "", *_intervals()]
    lines += ["", "## Where the scales come from", ""]
    for task in TASKS.values():
        lines += _item(f"`{task.name}`: {task.reference}")
    return "\n".join(lines) + "\n"


def _intervals() -> list[str]:
    """Return what the intervals of tasks with belts rest on, by how the photo was taken."""
    lines = [
        "People and photos that the intervals of the whole face and the cheeks rest on. Those of acne come from its "
        "network; all others are",
        "`null`. What they mean: [measurements](../concepts/measurements.md).",
        "",
        "| task | how the photo was taken | people | photos |",
        "|---|---|---|---|",
    ]
    for name in (*TASKS, LIGHTNESS):
        shown = f"`{name}`" if name in TASKS else "`skin_tone`, `detail.lightness_interval`"
        lines += [
            f"| {shown} | {condition} | {belt.people} | {belt.photos} |"
            for condition, belt in interval_belts(name).items()
        ]
    return lines


def _scale(scale: Scale) -> str:
    kind = type(scale).__name__.lower()
    if isinstance(scale, Ordinal):
        return f"{kind}, {scale.lowest:g} to {scale.highest:g}"
    unit = getattr(scale, "unit", "")
    return f"{kind}, {unit}" if unit else kind


def _item(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)


def quality_page() -> str:
    """Return the problems with their advice, and what is left out."""
    lines = [
        "# Quality codes",
        "",
        "What [the quality verdict](../concepts/quality.md) can say. Codes are stable, words may change.",
        "",
        "A photo with a problem that *rejects* has no findings; *warn* and *info* stand beside the numbers.",
        "",
    ]
    for code, (severity, message, advice) in PROBLEMS.items():
        shown = re.sub(r"\{[^}]*\}", "N", re.sub(r"\{[^}]*%\}", "N %", message))
        lines += _item(f"`{code}` ({severity.value}): {shown} *{advice}*")
    lines += ["", "Left out of every measurement:", "", "| reason | what it is |", "|---|---|"]
    lines += [f"| `{reason}` | {words} |" for reason, words in REASONS.items()]
    return "\n".join(lines) + "\n"


def _verbs() -> list[str]:
    """Return every verb, those of groups with the group's name before them."""
    names = []
    for home, table in VERBS.items():
        for verb in table:
            groups = getattr(import_module(f"{home}.{verb}"), "VERBS", {})
            names += [verb, *(f"{verb} {inner}" for group in groups.values() for inner in group)]
    return names


def cli_page() -> str:
    """Return the help text of every verb."""
    runner = CliRunner(env={"COLUMNS": "100", "TERM": "dumb"})
    lines = [
        "# Command line",
        "",
        "Exit codes: 0 done; 1 a fault of ours; 2 wrong usage; 3 no input was usable; 130 stopped.",
        "",
    ]
    for verb in ("", *sorted(_verbs())):
        title = f"dermis {verb}".strip()
        text = runner.invoke(app, [*verb.split(), "--help"], prog_name="dermis").output
        lines += [f"## `{title}`", "", "```text", *(line.rstrip() for line in text.strip().splitlines()), "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def care_page() -> str:
    """Return the page on care: its prose as it stands, and a row for each rule, safety row and source."""
    prose, _, _ = (HERE.parent / "concepts" / "care.md").read_text(encoding="utf-8").partition(MARK)
    return "\n".join([prose + MARK, "", *_rule_rows(), "", *_safety_rows(), "", *_source_rows()]) + "\n"


def _rule_rows() -> list[str]:
    lines = [
        f"## The rules, version {VERSION}",
        "",
        "| rule | for | advice | source | what it says, in our words | what we chose |",
        "|---|---|---|---|---|---|",
    ]
    for rule in rules():
        fits = [f"{name} {' or '.join(values)}" for name, values in rule.when.items()]
        signs = [f"sign {sign}" for sign in sorted(rule.signs)]
        whom = "; ".join([*signs, *fits]) or "everyone"
        lines.append(
            f"| `{rule.id}` | {whom} | {rule.kind.value.replace('_', ' ')}: {rule.advice} | {cite(rule.source)} "
            f"| {rule.says} | {rule.choice} |"
        )
    return lines


def _safety_rows() -> list[str]:
    lines = [
        "## The safety table",
        "",
        "| row | what | must not meet | effect | why | source |",
        "|---|---|---|---|---|---|",
    ]
    for row in safety_rows():
        what = row.a if row.above_percent is None else f"{row.a} above {row.above_percent:g} %"
        state = f"{row.field} {' or '.join(row.values)}" if row.field else "anyone"
        lines.append(
            f"| `{row.id}` | {what} | {row.other or state} | {row.effect.value}: {row.advice} | {row.reason} "
            f"| {cite(row.source)} |"
        )
    return lines


def _source_rows() -> list[str]:
    lines = ["## The sources", "", "| short | year | title |", "|---|---|---|"]
    return lines + [f"| {one['short']} | {one['year']} | {one['title']} |" for one in sources().values()]


def care_cases_page() -> str:
    """Return the worked cases, answered."""
    cases = tomllib.loads((HERE.parent / "concepts" / "care-cases.toml").read_text(encoding="utf-8"))["case"]
    lines = [
        "# Ten worked cases of care",
        "",
        "What `dermis care` says, word for word. The cases are in `care-cases.toml`; why it says so: [care](care.md).",
    ]
    for number, case in enumerate(cases, 1):
        analysis, person = {"findings": case["findings"]}, person_from(case["person"])
        lines += [
            "",
            f"## {number}. {case['title']}",
            "",
            _case_words(case),
            "",
            note(advise(analysis, person)).rstrip(),
        ]
        asked = [f"- {question.text}" for question in questions(analysis, person)]
        lines += ["", "**It would ask**", "", *asked] if asked else []
    return "\n".join(lines) + "\n"


def _case_words(case: dict[str, Any]) -> str:
    measured = []
    for one in case["findings"]:
        interval = one["interval"]
        ends = "no interval" if isinstance(interval, str) else f"{interval[0]:g} to {interval[1]:g}"
        measured.append(f"`{one['task']}` {one['value']:g} ({ends})")
    told = [f"{name} {value}" for name, value in case["person"].items() if value not in ([], None)]
    return f"Measured: {', '.join(measured)}. Told: {', '.join(told).replace('[', '').replace(']', '') or 'nothing'}."


PAGES = {
    "tasks.md": tasks_page,
    "quality.md": quality_page,
    "cli.md": cli_page,
    "../concepts/care.md": care_page,
    "../concepts/care-cases.md": care_cases_page,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
        print(f"wrote {HERE / name}")
