"""The table of the Hyper-Skin challenge: pixel methods and networks on the same people, judged alike.

    dermis synth hyper-skin-small --out made
    dermis train spectra-mst-plus-plus --data made --out runs      and other recipes spectra-*
    python benchmarks/hyper_skin.py made --runs runs --out table

`--out` holds rows.csv, a row for each picture of the test part, method and task; what is there is not done again; and
table.md. `--of msi` or `--of rgb` does one kind of input, `--only NAME...` some methods; `--time` adds the processor
seconds of one thread for a picture of 1024 x 1024, four times those of 512 x 512. The real data lie in the same folders
and take the same commands, with `--set input.size_px=1024` for the runs.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from dermis.lab.datasets import find_dataset
from dermis.lab.evaluate.tables import SCORES, Ask, by_pixel, examples_from, scored, summary
from dermis.lab.networks.model import Answering
from dermis.lab.networks.settings import bands_of
from dermis.lab.train.build import load_model
from dermis.lab.train.export import onnx_of
from dermis.lab.train.objectives.samples import prepared
from dermis.lab.train.recipe import Recipe, find_recipe, read_recipe
from dermis.lab.train.run import Run, find_run
from dermis.lab.train.spectra import answering
from dermis.models.runtime import load
from dermis.spectra.methods import METHODS

HEAD = "cube"
RGB = ("input.beside=", "input.channels=3")
TASKS = {
    "msi": {"RGB + 960 nm to 61 bands": slice(0, 61)},
    "rgb": {
        "RGB to 31 bands, 400-700 nm": slice(0, 31),
        "RGB to 31 bands, 700-1000 nm": slice(30, 61),
        "RGB to 61 bands": slice(0, 61),
    },
}
SIDE, TIMES = 512, 4
"""Time is taken of pictures of this side, which a picture of 1024 x 1024 takes four times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """A method: `make` fits or loads it; what is told of it beside its scores."""

    name: str
    make: Callable[[], Ask]
    run: Run | None = None


def main() -> None:
    """Score what is not scored yet and write the table."""
    args = _arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for kind in [args.of] if args.of else list(TASKS):
        _score(args, kind)
    rows = pd.read_csv(args.out / "rows.csv")
    text = _markdown(summary(rows), _held(args.out))
    (args.out / "table.md").write_text(text, encoding="utf-8")
    print(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--of", choices=list(TASKS))
    parser.add_argument("--only", nargs="+", help="pixel methods, names of the recipes of runs")
    parser.add_argument("--similar-every", type=int, default=1, help="SSIM of the first of so many pictures")
    parser.add_argument("--single", action="store_true", help="networks in 32 bits, not as their recipe taught them")
    parser.add_argument("--time", action="store_true")
    parser.add_argument("--set", action="append", default=[], help="of the recipe that says how the data is shown")
    return parser.parse_args()


def _score(args: argparse.Namespace, kind: str) -> None:
    recipe = read_recipe(
        find_recipe("spectra-mst-plus-plus"), [*(RGB if kind == "rgb" else ()), "machine.threads=1", *args.set]
    )
    samples = find_dataset(recipe.data.dataset).index(args.data)
    decoded, parts = prepared(recipe, samples, root=args.data)
    bands = bands_of(recipe.head[HEAD])
    for one in _answerers(args, recipe, samples, decoded, parts.train, bands):
        if args.only and one.name not in args.only:
            continue
        missing = {task: judged for task, judged in TASKS[kind].items() if not _done(args.out, task, one.name)}
        untimed = args.time and "seconds" not in _held(args.out).get(f"{kind}/{one.name}", {})
        if not missing and not untimed:
            continue
        began = time.process_time()
        ask = one.make()
        fact = {"fit_s": time.process_time() - began} if one.run is None else _facts(one.run)
        if untimed:
            fact["seconds"] = TIMES * _seconds(ask, one, decoded.shown.channels)
        for task, judged in missing.items():
            rows = scored(samples, decoded, HEAD, parts.test, ask, judged, similar_every=args.similar_every)
            _add(args.out, task, one.name, rows)
        _note(args.out, f"{kind}/{one.name}", fact)


def _answerers(
    args: argparse.Namespace, recipe: Recipe, samples: Any, decoded: Any, teaching: Any, bands: Any
) -> Iterator[Answerer]:
    examples = examples_from(samples, decoded, HEAD, teaching, bands)
    for method in METHODS.values():
        yield Answerer(name=method.name, make=lambda fit=method.fit: by_pixel(fit(examples)))
    for folder in sorted(path.parent.parent for path in args.runs.glob("*/weights/best.pt")):
        run = find_run(folder)
        if run.recipe.input == recipe.input and bands_of(run.recipe.head[HEAD]) == bands:
            yield Answerer(name=run.recipe.name, make=lambda run=run: _network(run, single=args.single), run=run)


def _network(run: Run, *, single: bool) -> Ask:
    asked, half = answering(load_model(run)[0]), run.recipe.train.precision == "bf16"

    def ask(picture: np.ndarray[Any, Any]) -> Any:
        with torch.autocast("cpu", torch.bfloat16, enabled=half and not single):
            return asked(picture)[HEAD]

    return ask


def _facts(run: Run) -> dict[str, float]:
    model, _ = load_model(run)
    with (run.folder / "metrics.csv").open() as file:
        epochs = [float(row["seconds"]) for row in csv.DictReader(file)]
    return {
        "parameters": sum(weight.numel() for weight in model.backbone.parameters()),
        "epochs": len(epochs),
        "epochs_planned": run.recipe.train.epochs,
        "fit_s": sum(epochs),
    }


def _seconds(ask: Ask, one: Answerer, channels: int) -> float:
    """Return processor seconds of one thread for a picture; ours as it is shipped, by the one engine."""
    picture = np.random.default_rng(0).random((SIDE, SIDE, channels), np.float32)
    if one.run is not None and one.run.recipe.network.name == "spectral_lite":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            image = torch.from_numpy(picture).permute(2, 0, 1)[None]
            model = Answering(load_model(one.run)[0]).eval()
            path.write_bytes(onnx_of(model, {"image": image}, [HEAD]).SerializeToString())
            network = load(path, threads=1)
            shown = np.ascontiguousarray(image.numpy())
            network.run(shown)
            began = time.process_time()
            network.run(shown)
            return time.process_time() - began
    began = time.process_time()
    ask(picture)
    return time.process_time() - began


def _done(out: Path, task: str, method: str) -> bool:
    path = out / "rows.csv"
    if not path.is_file():
        return False
    rows = pd.read_csv(path)
    return bool(((rows["task"] == task) & (rows["method"] == method)).any())


def _add(out: Path, task: str, method: str, rows: Iterator[dict[str, Any]]) -> None:
    table = pd.DataFrame(list(rows))
    table.insert(0, "method", method)
    table.insert(0, "task", task)
    path = out / "rows.csv"
    table.to_csv(path, mode="a", header=not path.is_file(), index=False)
    print(task, method, table[list(SCORES)].mean().round(4).to_dict(), flush=True)


def _note(out: Path, name: str, fact: dict[str, float]) -> None:
    held = _held(out)
    (out / "facts.json").write_text(json.dumps(held | {name: held.get(name, {}) | fact}, indent=1))


def _held(out: Path) -> dict[str, dict[str, float]]:
    path = out / "facts.json"
    return json.loads(path.read_text()) if path.is_file() else {}


def _markdown(table: pd.DataFrame, facts: dict[str, dict[str, float]]) -> str:
    lines = []
    for task, held in table.groupby("task", sort=False):
        first = held.iloc[0]
        kind = next(kind for kind, tasks in TASKS.items() if task in tasks)
        lines += [
            f"### {task}",
            "",
            f"{first['images']} pictures of {first['subjects']} people that taught nothing, the person's pixels alone.",
            "",
            "| method | SAM | 95 % of the mean | SAM, corrected | SSIM | MRAE | RMSE | PSNR dB "
            "| parameters | CPU s / 1024² | learnt |",
            "|---|---|---|---|---|---|---|---|---|---|---|",
        ]
        for row in held.sort_values("challenge_sam_rad").to_dict("records"):
            lines.append(_line(row, facts.get(f"{kind}/{row['method']}", {})))
        lines += ["", f"SSIM on {int(held['challenge_ssim_n'].min())} of the pictures.", ""]
    return "\n".join(lines)


def _line(row: dict[str, Any], fact: dict[str, float]) -> str:
    def of(score: str, digits: int) -> str:
        return f"{row[score]:.{digits}f} ± {row[f'{score}_sd']:.{digits}f}"

    million = f"{fact['parameters'] / 1e6:.2f} M" if "parameters" in fact else ""
    seconds = f"{fact['seconds']:.2g}" if "seconds" in fact else ""
    learnt = f"{fact['fit_s'] / 60:.1f} min" if fact.get("fit_s", 0) >= 60 else f"{fact.get('fit_s', 0):.1f} s"
    if fact.get("epochs", 0) < fact.get("epochs_planned", 0):
        learnt += f", stopped after {fact['epochs']:.0f} of {fact['epochs_planned']:.0f} epochs"
    cells = [
        row["method"] if "parameters" in fact else f"{row['method']} (pixel by pixel)",
        of("challenge_sam_rad", 4),
        f"{row['low']:.4f}-{row['high']:.4f}",
        of("sam_rad", 4),
        of("challenge_ssim", 4),
        of("mrae", 3),
        of("rmse", 4),
        of("psnr_db", 1),
        million,
        seconds,
        learnt,
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
