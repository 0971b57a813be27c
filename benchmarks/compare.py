"""Two commits side by side: the same stages in turns, and what the findings of the same photos have become.

    python benchmarks/compare.py BASE [HEAD] [--only WORD]... [--runs 3] [--photos FOLDER] [--json FILE]

Both are checked out into a folder of their own and run with this environment. `--photos` names photos beside the
portraits of the table; every finding that differs is told, so that a speed-up that changes answers says so.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ANALYSE = """
import json, sys
from pathlib import Path
from dermis.formats.analysis_json import analysis_object
from dermis.pipeline.analyse import analyse_file
for path in sys.argv[1:]:
    found = analysis_object(analyse_file(path))
    found["provenance"].pop("seconds")
    print(json.dumps(found))
"""
USUAL = ("detect", "analyse, 2 MP", "analyse, 12 MP", "skin tone of")


def run(tree: Path, words: list[str]) -> str:
    """Run Python words with the package of a tree; return what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(tree / "src")}
    done = subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return done.stdout


def stage_seconds(trees: dict[str, Path], folder: Path, only: list[str], runs: int) -> list[dict[str, object]]:
    """Return a row a stage: the best processor seconds of each commit, in turns."""
    from stages import STAGES

    rows: list[dict[str, object]] = []
    for stage in (one for one in STAGES if any(word in one.title for word in only)):
        found: dict[str, list[dict[str, float]]] = {name: [] for name in trees}
        for _ in range(2):
            for name, tree in trees.items():
                words = [str(HERE / "speed.py"), "--stage", stage.title, "--folder", str(folder), "--runs", str(runs)]
                found[name].append(json.loads(run(tree, words).splitlines()[-1]))
        best = {name: min(one["processor_s"] for one in held) for name, held in found.items()}
        peak = {name: max(one["peak_mb"] for one in held) for name, held in found.items()}
        base, head = trees
        rows.append({"stage": stage.title, "processor_s": best, "peak_mb": peak, "times": best[base] / best[head]})
        print(f"{stage.title}: {best[base]:.3f} s, {best[head]:.3f} s: {best[base] / best[head]:.2f} times as fast")
    return rows


def differences(before: dict[str, object], after: dict[str, object]) -> list[str]:
    """Return what differs between two analyses of one photo, in words."""
    told = []
    for name in ("usable", "problems"):
        mine = [[one["code"] for one in side["quality"]["problems"]] for side in (before, after)]
        pair = [side["quality"]["usable"] for side in (before, after)] if name == "usable" else mine
        told += [f"{name}: {pair[0]} is now {pair[1]}"] if pair[0] != pair[1] else []
    if before["face"]["found"] != after["face"]["found"]:
        told.append(f"face found: {before['face']['found']} is now {after['face']['found']}")
    keys = [{(one["task"], one["region"]): one for one in side["findings"]} for side in (before, after)]
    for key in sorted(set(keys[0]) ^ set(keys[1])):
        told.append(f"{' '.join(key)}: {'gone' if key in keys[0] else 'new'}")
    for key in sorted(set(keys[0]) & set(keys[1])):
        was, now = (side[key] for side in keys)
        if was["value"] != now["value"] or was["labels"] != now["labels"]:
            told.append(
                f"{' '.join(key)}: {was['value']:.4g} {was['labels']} is now {now['value']:.4g} {now['labels']}"
            )
    return told


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("base")
    options.add_argument("head", nargs="?", default="HEAD")
    options.add_argument("--only", action="append", default=[])
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--photos", type=Path)
    options.add_argument("--most", type=int, default=20, help="photos whose findings are compared")
    options.add_argument("--json", type=Path)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        trees = {f"base {asked.base}": place / "base", f"head {asked.head}": place / "head"}
        for commit, tree in zip((asked.base, asked.head), trees.values(), strict=True):
            subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(tree), commit], check=True)
        try:
            from stages import make_inputs

            (place / "photos").mkdir()
            make_inputs(place / "photos")
            rows = stage_seconds(trees, place / "photos", asked.only or list(USUAL), asked.runs)
            photos = [path for path in sorted(asked.photos.iterdir()) if path.is_file()] if asked.photos else []
            photos = (photos or sorted((place / "photos" / "portraits").iterdir()))[: asked.most]
            found = [run(tree, ["-c", ANALYSE, *map(str, photos)]).splitlines() for tree in trees.values()]
            changed = {
                path.name: differences(json.loads(was), json.loads(now))
                for path, was, now in zip(photos, *found, strict=True)
            }
        finally:
            for tree in trees.values():
                subprocess.run(["git", "worktree", "remove", "--force", str(tree)], check=False)
    for name, told in changed.items():
        print("\n  ".join([name, *told]) if told else f"{name}: the same")
    if asked.json:
        asked.json.write_text(json.dumps({"stages": rows, "findings": changed}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
