"""Recipes: what a made set is, in one flat TOML file.

The layout that a recipe names decides which keys there are; each has a default, so a recipe says only what it wants
otherwise.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

from dermis.errors import UsageError

__all__ = [
    "AcneRecipe",
    "ChipRecipe",
    "FacesRecipe",
    "HyperSkinRecipe",
    "SubjectRecipe",
    "SynthRecipe",
    "TrialRecipe",
    "read_recipe",
    "recipe_hash",
    "shipped_recipes",
]

_SHIPPED = Path(__file__).parent / "recipes"


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthRecipe:
    """What every set has.

    name: of the recipe. layout: how the files lie. about: in words. seed: makes everything; the same recipe gives
    the same files. size_px: width and height of a picture.
    """

    name: str
    layout: str
    about: str = ""
    seed: int = 1
    size_px: int = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRecipe(SynthRecipe):
    """Sets of people.

    subjects: how many. lights: kinds of light or names of lights; "any" draws as people's photos have them. cameras:
    names or CSVs of cameras; "drawn" is a new one a photo. lowest_ita_deg to highest_ita_deg and youngest_years to
    oldest_years: whom, evenly. conditions: what they have; a word written twice is drawn twice as often.
    """

    subjects: int = 10
    lights: tuple[str, ...] = ("any",)
    cameras: tuple[str, ...] = ("drawn",)
    lowest_ita_deg: float = -60.0
    highest_ita_deg: float = 65.0
    youngest_years: float = 18.0
    oldest_years: float = 70.0
    conditions: tuple[str, ...] = ("clear", "mild", "moderate", "severe", "very_severe", "mottled", "mottled", "mixed")


@dataclass(frozen=True, slots=True, kw_only=True)
class FacesRecipe(SubjectRecipe):
    """Photos of faces with all that is known of them.

    visits: W00 to W17, and views: front, left, right, or the yaw in degrees (positive when the person looks to their
    own left); a photo of each. expressions: neutral, smile; people take one in turn. graders: how many people grade
    each photo besides the truth. write: what lies beside photo and truth: maps, masks, cube. tone_classes: ITA
    classes that people have in turn, so that each is there alike; evenly over ITA without. exposure_sd_ev, balance_sd,
    curve_sd: how far exposure (stops), white balance (logarithm of its gains) and tone curve (logarithm of gamma) are
    off beside what an automatic camera does, as standard deviations.
    """

    visits: tuple[str, ...] = ("W00",)
    views: tuple[str, ...] = ("front",)
    expressions: tuple[str, ...] = ("neutral",)
    graders: int = 0
    write: tuple[str, ...] = ("maps", "masks")
    tone_classes: tuple[str, ...] = ()
    exposure_sd_ev: float = 0.0
    balance_sd: float = 0.0
    curve_sd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HyperSkinRecipe(SubjectRecipe):
    """Faces as spectral cubes.

    views: as for faces, and expressions: a picture of each pair. valid_share, test_share: of the people. noise: of the
    cubes, a standard deviation in reflectance. compression: of the cubes, 0 to 9.
    """

    views: tuple[str, ...] = ("front", "left", "right")
    expressions: tuple[str, ...] = ("neutral", "smile")
    valid_share: float = 0.07
    test_share: float = 0.18
    noise: float = 0.002
    compression: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRecipe(SubjectRecipe):
    """One-side photos over the visits of a trial.

    second_share: of the people, whose grades lie in the second sheet; the last ones. graders: how many people grade
    each photo; the sheets then hold the mean of their grades, and each has a sheet of their own. vehicle_share: of the
    people, whom nothing was given that works. phone_share: of the people, who are photographed by phones under any
    light. repeats: how many more photos of each side at each visit, which share its grades.
    """

    visits: tuple[str, ...] = ("W00", "W04", "W08", "W12", "W16", "W17")
    second_share: float = 0.5
    graders: int = 0
    vehicle_share: float = 0.0
    phone_share: float = 0.0
    repeats: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AcneRecipe(SubjectRecipe):
    """Graded acne with boxes. views: as for faces; each person is seen in one of them."""

    views: tuple[str, ...] = ("front", "20", "-20", "left", "right")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipRecipe(SynthRecipe):
    """Chips of skin tones.

    tones: how many. cameras: names of folders, each one drawn camera. sets: of photos of all tones under one light,
    by camera. lights: kinds that sets draw from. The same with `test_`: a part with tones, cameras and lights of its
    own. lowest_ita_deg to highest_ita_deg: of the tones, evenly. chip_share: of the picture's side that the chip takes;
    around it paper with a printed number, then the table; 1 for the chip alone. shadow_share, border_share: of photos
    with the edge of a shadow, or paper that reaches into the chip.
    """

    tones: int = 138
    cameras: tuple[str, ...] = ("iphone", "samsung", "pixel")
    sets: int = 5
    lights: tuple[str, ...] = ("window", "overcast", "shade", "led")
    test_tones: int = 46
    test_cameras: tuple[str, ...] = ("xiaomi", "sony", "canon")
    test_sets: int = 4
    test_lights: tuple[str, ...] = ("sun", "tungsten", "halogen", "fluorescent")
    lowest_ita_deg: float = -60.0
    highest_ita_deg: float = 65.0
    chip_share: float = 0.68
    shadow_share: float = 0.08
    border_share: float = 0.06


KINDS: Mapping[str, type[SynthRecipe]] = {
    "faces": FacesRecipe,
    "hyper-skin": HyperSkinRecipe,
    "hyperpigmentation-trial": TrialRecipe,
    "acne04": AcneRecipe,
    "tone-chips": ChipRecipe,
}
"""The keys of a recipe, by its layout."""

WRITABLE = ("maps", "masks", "cube")
_LATER = ("tone_classes", "exposure_sd_ev", "balance_sd", "curve_sd", "repeats")
"""Keys that came later: unused, they leave the hash of an older recipe as it was."""
_LEAST = {"subjects": 1, "tones": 1, "sets": 1, "size_px": 64, "seed": 0}
_MOST = {"size_px": 4096, "compression": 9, "graders": 50, "repeats": 8}


def shipped_recipes() -> dict[str, Path]:
    """Return the files of the recipes that come with the package, by name."""
    return {path.stem: path for path in sorted(_SHIPPED.glob("*.toml"))}


def read_recipe(name_or_path: str | Path, changes: Sequence[str] = ()) -> SynthRecipe:
    """Return a shipped recipe or that of a TOML file, with `changes` ("subjects=2") made.

    Raises UsageError: no such recipe, no TOML, an unknown key or word (it names the nearest), a value of the wrong
    kind or outside its range.
    """
    held = _toml(_file(name_or_path)) | dict(_change(text) for text in changes)
    if "layout" not in held:
        raise UsageError(f"{name_or_path} names no layout.", advice=f"Add layout = one of: {', '.join(KINDS)}.")
    kind = KINDS[_known(str(held["layout"]), KINDS, "layout")]
    types = get_type_hints(kind)
    for key in held:
        _known(key, types, f"key of a {held.get('layout', 'faces')} recipe")
    values: dict[str, Any] = {key: _value(key, value, str(types[key])) for key, value in held.items()}
    recipe = kind(**values)
    _check(recipe)
    return recipe


_SKIN = "measured faces, mottled as photographed"
"""From what skin is drawn: sets of other skin have other hashes."""


def recipe_hash(recipe: SynthRecipe) -> str:
    """Return 12 hexadecimal digits that change with skin and with all that a recipe says but its words about itself."""
    said = {"skin": _SKIN} | {
        key: value
        for key, value in asdict(recipe).items()
        if key not in ("name", "about") and (value or key not in _LATER)
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


def _file(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.suffix == ".toml":
        return path
    shipped = shipped_recipes()
    return shipped[_known(str(name_or_path), shipped, "recipe")]


def _toml(path: Path) -> dict[str, Any]:
    try:
        return {"name": path.stem} | tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist.", advice=f"There are: {', '.join(shipped_recipes())}.") from None
    except (OSError, ValueError, RecursionError) as fault:
        raise UsageError(
            f"{path.name} is no TOML ({str(fault)[:80]}).", advice="Write lines like: subjects = 20"
        ) from None


def _change(text: str) -> tuple[str, Any]:
    key, equals, value = (part.strip() for part in text.partition("="))
    if not key or not equals:
        raise UsageError(f"--set {text!r} changes nothing.", advice="Write --set subjects=2.")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value  # a bare word is a string


def _known(word: str, words: Iterable[str], what: str) -> str:
    known = list(words)
    if word in known:
        return word
    near = get_close_matches(word, known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}."
    raise UsageError(f"There is no {what} {word!r}.", advice=hint)


def _value(key: str, value: object, kind: str) -> object:
    if "tuple" in kind:
        listed = value if isinstance(value, list) else str(value).split(",")
        return tuple(str(word).strip() for word in listed)
    if "float" in kind and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if "int" in kind and isinstance(value, int) and not isinstance(value, bool):
        return value
    if "str" in kind and isinstance(value, str):
        return value
    wanted = "a number" if "float" in kind else "a whole number" if "int" in kind else "text"
    raise UsageError(f"{key} is {value!r}.", advice=f"Expected {wanted}.")


def _check(recipe: SynthRecipe) -> None:
    for key, value in asdict(recipe).items():
        if isinstance(value, int | float):
            _check_number(key, value)
        elif isinstance(value, tuple):
            for word in value:
                _check_word(key, word)
            if not value and key not in ("write", *_LATER):
                raise UsageError(f"{key} is empty.", advice="Name at least one.")
    for low, high in (("lowest_ita_deg", "highest_ita_deg"), ("youngest_years", "oldest_years")):
        if getattr(recipe, low, 0) > getattr(recipe, high, 0):
            raise UsageError(f"{low} lies above {high}.", advice="Exchange them.")


def _check_number(key: str, value: float) -> None:
    low = _LEAST.get(key, 0)
    high = 1 if key.endswith("_share") else _MOST.get(key, 1_000_000_000)
    if not key.endswith("_deg") and not low <= value <= high:
        raise UsageError(f"{key} is {value:g}.", advice=f"It goes from {low} to {high}.")


def _check_word(key: str, word: str) -> None:
    known = _words().get(key)
    if key == "views" and _is_number(word):
        if not -90 <= float(word) <= 90:
            raise UsageError(f"A view of {word} degrees.", advice="It goes from -90 to 90.")
    elif key in ("lights", "test_lights") and word not in _words()["lights"]:
        from dermis.optics.illuminant import find_illuminant

        find_illuminant(word)
    elif key == "cameras" and known is None and word != "drawn":
        return
    elif known is not None:
        _known(word, known, key.rstrip("s"))


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


@cache
def _words() -> Mapping[str, Sequence[str]]:
    from dermis.colour.tone import ITA_CLASSES
    from dermis.lab.synth.lesions.progression import PROFILES
    from dermis.lab.synth.subjects import VISITS
    from dermis.optics.populations import ILLUMINANT_KINDS

    return {
        "visits": tuple(VISITS),
        "views": ("front", "left", "right"),
        "expressions": ("neutral", "smile"),
        "conditions": PROFILES,
        "write": WRITABLE,
        "tone_classes": tuple(name for name, _ in ITA_CLASSES),
        "lights": ("any", *ILLUMINANT_KINDS),
    }
