"""Seconds, processor seconds and peak memory of each stage, in multiples of a reference of the same run.

    python benchmarks/speed.py [--only WORD]... [--runs 3] [--json FILE] [--table FILE] [--stone COMMAND]

Each stage runs in a process of its own: once to warm up, then `runs` times, the best of which counts, as others may
use the machine; its reference runs just before it. Ratios are of processor seconds where neither waits for the other,
so they hold on a busy machine as well. `--stone` is the `stone` command of skin-tone-classifier, which needs an
environment of its own: `pip install skin-tone-classifier 'opencv-python<5'`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

from stages import STAGES, Stage

PACKAGES = ("dermis", "numpy", "pillow", "openvino", "scikit-image", "colour-science")
TABLE = Path(__file__).parents[1] / "docs" / "concepts" / "speed.md"


def used_s() -> float:
    """Return the processor seconds of this process and of those it has waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in both)


def time_stage(stage: Stage, folder: Path, runs: int) -> dict[str, float]:
    """Run one stage in this process and return its figures."""
    run = stage.prepare(folder)
    start = perf_counter()
    run()
    first_s = perf_counter() - start
    found = []
    for _ in range(1 if stage.much else runs):
        start, used = perf_counter(), used_s()
        run()
        found.append((used_s() - used, perf_counter() - start))
    both = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "first_s": first_s,
        "processor_s": min(one for one, _ in found),
        "wall_s": min(one for _, one in found),
        "peak_mb": max(both) / 1024,
    }


def measured(stage: Stage, folder: Path, runs: int) -> dict[str, float] | str:
    """Return the figures of a stage from a process of its own, or why there are none."""
    words = [sys.executable, __file__, "--stage", stage.title, "--folder", str(folder), "--runs", str(runs)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["it failed"])[-1][:100]
    return json.loads(done.stdout.splitlines()[-1])


def machine() -> dict[str, object]:
    """Return what the figures rest on."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    memory = next((line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0")
    return {
        "processor": model,
        "processors": os.cpu_count(),
        "memory_gb": round(int(memory) / 1e6, 1),
        "load_at_start": round(os.getloadavg()[0], 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "threads": os.environ.get("DERMIS_THREADS", "all"),
        "packages": {name: version(name) for name in PACKAGES},
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def run_all(stages: list[Stage], folder: Path, runs: int) -> list[dict[str, object]]:
    """Return a row a stage; its reference is measured just before the first stage beside it."""
    references: dict[str, dict[str, float] | str] = {}
    rows: list[dict[str, object]] = []
    for stage in stages:
        if stage.beside not in references:
            reference = next(one for one in STAGES if one.title == stage.beside)
            references[stage.beside] = measured(reference, folder, runs)
        there = references[stage.beside]
        found = there if stage.title == stage.beside else measured(stage, folder, runs)
        row: dict[str, object] = {"stage": stage.title, "beside": stage.beside}
        row |= found if isinstance(found, dict) else {"missing": found}
        if isinstance(found, dict) and isinstance(there, dict):
            row |= {
                f"{name}_ratio": found[f"{name}_s"] / max(there[f"{name}_s"], 1e-9) for name in ("processor", "wall")
            }
        rows.append(row)
        print(told(row), file=sys.stderr, flush=True)
    return rows


def told(row: dict[str, object]) -> str:
    """Return a row of the table."""
    if "missing" in row:
        return f"| {row['stage']} | not measured: {row['missing']} | | | | |"
    ratio = f"{row['processor_ratio']:.2f} ({row['wall_ratio']:.2f})" if "wall_ratio" in row else ""
    figures = f"{row['wall_s']:.3f} | {row['processor_s']:.3f} | {row['first_s']:.2f} | {row['peak_mb']:.0f}"
    return f"| {row['stage']} | {figures} | {ratio} of {row['beside']} |"


def write_table(held: dict[str, object], path: Path) -> None:
    """Put the rows between the marks of a page."""
    begin, end = "<!-- figures -->", "<!-- end of figures -->"
    seen = held["machine"]
    told_machine = (
        f"{seen['processor']}, {seen['processors']} processors, {seen['memory_gb']} GB, {seen['system']}, Python "
        f"{seen['python']}; load {seen['load_at_start']} at the start (1 per busy processor)."
    )
    head = [
        "| stage | s | processor s | first s | peak MB | times the reference, processor (clock) |",
        "|---" * 6 + "|",
    ]
    body = "\n".join([told_machine, "", *head, *(told(row) for row in held["rows"])])
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    path.write_text(f"{before}{begin}\n\n{body}\n\n{end}{rest.partition(end)[2]}", encoding="utf-8")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", action="append", default=[], help="stages whose title holds this word")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--json", type=Path)
    options.add_argument("--table", type=Path, help=f"the page whose table is written anew, such as {TABLE.name}")
    options.add_argument("--folder", type=Path, help="where the photos lie, or are put")
    options.add_argument("--stone", default="", help="the command of skin-tone-classifier")
    options.add_argument("--stage", help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.stage:
        stage = next(one for one in STAGES if one.title == asked.stage)
        print(json.dumps(time_stage(stage, asked.folder, asked.runs)))
        return
    os.environ["STONE"] = asked.stone
    stages = [one for one in STAGES if not asked.only or any(word in one.title for word in asked.only)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        if not (folder / "portraits").is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            # In a process of its own: children inherit the peak memory of their parent.
            made = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from stages import make_inputs"
            subprocess.run(
                [sys.executable, "-c", f"{made}; from pathlib import Path; make_inputs(Path({str(folder)!r}))"],
                check=True,
            )
        held = {"machine": machine(), "rows": run_all(stages, folder, asked.runs)}
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
    if asked.table:
        write_table(held, asked.table)


if __name__ == "__main__":
    main()
