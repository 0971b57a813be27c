"""Write the reference pages that follow from the code: `python docs/generate.py`. A test holds them to it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from typer.testing import CliRunner

from dermis.cli import VERBS, app
from dermis.pipeline.exclusion import REASONS
from dermis.pipeline.quality import PROBLEMS
from dermis.tasks import TASKS

HERE = Path(__file__).parent / "reference"


def tasks_page() -> str:
    """Return the table of tasks."""
    lines = [
        "# Tasks",
        "",
        "The questions that can be asked of the skin; `dermis tasks --json` gives the same to programs.",
        "What the numbers mean: [what is measured](../concepts/measurements.md).",
        "",
        "| task | question | scale | unit | regions | from |",
        "|---|---|---|---|---|---|",
    ]
    for task in TASKS.values():
        kind = type(task.scale).__name__.lower()
        unit = getattr(task.scale, "unit", "")
        regions = ", ".join(region.value for region in task.regions)
        lines.append(f"| `{task.name}` | {task.question} | {kind} | {unit} | {regions} | {task.reference} |")
    return "\n".join(lines) + "\n"


def quality_page() -> str:
    """Return the tables of problems and of what is left out."""
    lines = [
        "# Quality codes",
        "",
        "What [the quality verdict](../concepts/quality.md) can say. Codes are stable, words may change.",
        "",
        "| code | severity | message | advice |",
        "|---|---|---|---|",
    ]
    for code, (severity, message, advice) in PROBLEMS.items():
        lines.append(f"| `{code}` | {severity.value} | {message} | {advice} |")
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
