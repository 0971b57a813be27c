"""Write the reference pages that follow from the code: `python docs/generate.py`. A test holds them to it."""

from __future__ import annotations

import re
import textwrap
from importlib import import_module
from pathlib import Path

from typer.testing import CliRunner

from dermis.cli import VERBS, app
from dermis.core import Ordinal, Region, Scale
from dermis.pipeline.exclusion import REASONS
from dermis.pipeline.quality import PROBLEMS
from dermis.tasks import GROUPS, TASKS

HERE = Path(__file__).parent / "reference"


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
        lines.append(f"| `{task.name}` | {task.question} | {_scale(task.scale)} | {regions} |")
    lines += ["", f"All regions: {', '.join(region.value for region in Region)}.", "", "## Groups", ""]
    lines += [f"- `--tasks {group}`: {', '.join(f'`{name}`' for name in names)}" for group, names in GROUPS.items()]
    lines += ["", "## Where the scales come from", ""]
    for task in TASKS.values():
        lines += _item(f"`{task.name}`: {task.reference}")
    return "\n".join(lines) + "\n"


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
    inner = {verb: getattr(import_module(f"dermis.cli.{verb}"), "VERBS", ()) for verb in VERBS}
    return [name for verb in VERBS for name in (verb, *(f"{verb} {one}" for one in inner[verb]))]


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


PAGES = {"tasks.md": tasks_page, "quality.md": quality_page, "cli.md": cli_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
        print(f"wrote {HERE / name}")
