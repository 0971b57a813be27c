"""`dermis spectra` as a user meets it: files in, a cube out, plain words where something is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from dermis.cli import app
from dermis.errors import DermisError
from dermis.formats.cubes.cube import read_cube
from dermis.formats.images.rasters import write_png16
from dermis.optics.camera import find_camera, on_grid, response, white_raw
from dermis.optics.illuminant import find_illuminant
from dermis.optics.spectral_grid import VISIBLE, WORKING_NM
from dermis.spectra.prior import draw_skin, read_prior
from dermis.spectra.reconstruct import WAVELENGTHS_NM

CAMERA, LIGHT = find_camera("Nikon D5100"), find_illuminant("A")
WHITE = 0.8


def dermis(*arguments: object) -> str:
    done = CliRunner().invoke(app, ["spectra", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def skin() -> np.ndarray:
    return draw_skin(read_prior(), 3, np.random.default_rng(4))[0][:72]


@pytest.fixture(scope="module")
def patches(skin: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write 4 x 18 patches as a linear 16-bit PNG, the white at `WHITE`."""
    pixels = (WHITE * skin @ response(CAMERA, LIGHT, WAVELENGTHS_NM)).reshape(4, 18, 3)
    file = tmp_path_factory.mktemp("patches") / "patches.png"
    file.write_bytes(write_png16(np.rint(pixels * 65535).astype(np.uint16), b"", srgb=False))
    return file


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Write camera and light as CSV tables of other scales, on other grids than the software's own."""
    folder = tmp_path_factory.mktemp("tables")
    nm = np.arange(391.0, 761.0, 3.0)
    curves = np.stack([np.interp(nm, WORKING_NM[VISIBLE], one) for one in on_grid(CAMERA).T], axis=1)
    rows = [f"{wave:g},{red:g},{green:g},{blue:g}" for wave, (red, green, blue) in zip(nm, 41 * curves, strict=True)]
    (folder / "camera.csv").write_text("\n".join(["wavelength_nm,red,green,blue", *rows]))
    power = 0.003 * np.interp(nm, WORKING_NM, LIGHT.power)
    rows = [f"{wave:g},{one:g}" for wave, one in zip(nm, power, strict=True)]
    (folder / "light.csv").write_text("\n".join(["wavelength_nm,power", *rows]))
    return folder / "camera.csv", folder / "light.csv"


def angle(found: np.ndarray, true: np.ndarray) -> float:
    cosine = (found * true).sum(axis=-1) / np.linalg.norm(found, axis=-1) / np.linalg.norm(true, axis=-1)
    return float(np.arccos(np.clip(cosine, -1, 1)).mean())


@pytest.mark.parametrize("ending", ["npz", "h5", "mat", "hdr"])
def test_patches_of_a_known_camera(
    patches: Path, tables: tuple[Path, Path], skin: np.ndarray, tmp_path: Path, ending: str
) -> None:
    out = tmp_path / f"cube.{ending}"
    sight = ("--linear", "--camera", tables[0], "--illuminant", tables[1], "--white", WHITE, "--mask", "all")
    said = json.loads(dermis(patches, "--out", out, *sight, "--json"))
    cube = read_cube(out)
    assert cube.values.shape == (4, 18, 61)
    assert angle(cube.values.reshape(-1, 61)[:, 2:31], skin[:, 2:31]) < 0.03
    assert np.abs(cube.values.reshape(-1, 61) - skin)[:, 2:31].mean() < 0.02
    assert said["schema"] == "dermis.spectra/2"
    assert said["pixels"] == 72
    assert said["known_share"] > 0.9
    assert said["camera"] == "camera"
    assert said["photo"]["encoding"] == "camera-linear"
    assert said["wavelengths_nm"] == list(WAVELENGTHS_NM)
    np.testing.assert_allclose(said["mean"], cube.values.mean(axis=(0, 1)), atol=0.02)


def test_names_and_tables_are_the_same(patches: Path, tables: tuple[Path, Path], tmp_path: Path) -> None:
    common = ("--linear", "--white", WHITE, "--mask", "all", "--bands", "vis")
    dermis(patches, "--out", tmp_path / "a.npz", *common, "--camera", tables[0], "--illuminant", tables[1])
    dermis(patches, "--out", tmp_path / "b.npz", *common, "--camera", "nikon d5100", "--illuminant", "a")
    first, second = (read_cube(tmp_path / name).values for name in ("a.npz", "b.npz"))
    assert first.shape == (4, 18, 31)
    np.testing.assert_allclose(first, second, rtol=0.03)


def test_npz_holds_intervals_and_masks(patches: Path, tmp_path: Path) -> None:
    said = dermis(patches, "--out", tmp_path / "a.npz", "--linear", "--camera", "Nikon D5100", "--mask", "all")
    with np.load(tmp_path / "a.npz") as held:
        assert {"values", "wavelengths_nm", "mask", "known", "interval_scale", "interval_half_width"} <= set(held.files)
        assert held["values"].dtype == np.float32
        assert held["mask"].all()
        sides = held["interval_scale"][..., None] * held["interval_half_width"]
        assert sides.shape == (4, 18, 2, held["values"].shape[2])
        assert sides.min() > 0
    assert "not both known" in said
    assert "Beyond 700 nm" in said


def test_mask_of_the_user(patches: Path, tmp_path: Path) -> None:
    mask = np.zeros((4, 18), np.uint8)
    mask[1, 5:9] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    dermis(patches, "--out", tmp_path / "a.npz", "--mask", tmp_path / "mask.png")
    found = np.isfinite(read_cube(tmp_path / "a.npz").values).all(axis=-1)
    np.testing.assert_array_equal(found, mask > 0)


def test_grey_card_tells_the_level(skin: np.ndarray, tmp_path: Path) -> None:
    pixels = np.tile(0.5 * skin[0] @ response(CAMERA, LIGHT, WAVELENGTHS_NM), (80, 80, 1))
    pixels[10:30, 10:40] = 0.5 * 0.2122 * white_raw(CAMERA, LIGHT)  # #7f7f7f
    file = tmp_path / "card.png"
    file.write_bytes(write_png16(np.rint(pixels * 65535).astype(np.uint16), b"", srgb=False))
    known = ("--linear", "--camera", "Nikon D5100", "--illuminant", "A", "--mask", "all")
    said = json.loads(dermis(file, "--out", tmp_path / "a.npz", *known, "--reference", "10,10,30,20=#7f7f7f", "--json"))
    found = read_cube(tmp_path / "a.npz").values[60, 60]
    np.testing.assert_allclose(found[2:31].mean(), skin[0, 2:31].mean(), rtol=0.03)
    assert said["level_known"]
    with pytest.raises(DermisError, match="no grey"):
        dermis(file, "--out", tmp_path / "a.npz", *known, "--reference", "10,10,30,20=#c06030")
    with pytest.raises(DermisError, match="white and a reference"):
        dermis(file, "--out", tmp_path / "a.npz", *known, "--reference", "10,10,30,20=#7f7f7f", "--white", "0.5")


def test_a_wall_is_no_skin(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), (20, 60, 200)).save(tmp_path / "wall.png")
    said = json.loads(dermis(tmp_path / "wall.png", "--out", tmp_path / "a.npz", "--mask", "all", "--json"))
    assert said["known_share"] == 0
    assert any("hardly skin" in words for words in said["warnings"])
    Image.new("RGB", (96, 96), (20, 60, 200)).save(tmp_path / "wall.png")
    with pytest.raises(DermisError, match="No face or skin"):
        dermis(tmp_path / "wall.png", "--out", tmp_path / "a.npz")


def test_face_and_its_page(tmp_path: Path) -> None:
    from skimage.data import astronaut

    photo = astronaut()
    Image.fromarray(photo).save(tmp_path / "portrait.png")
    out = tmp_path / "a.npz"
    said = json.loads(
        dermis(tmp_path / "portrait.png", "--out", out, "--bands", "400:700:20", "--json", "--report", tmp_path / "r")
    )
    values = read_cube(out).values
    assert values.shape == (512, 512, 16)
    assert np.isfinite(values[110, 210]).all()  # a cheek
    assert np.isnan(values[400, 100]).all()  # the suit
    assert said["known_share"] > 0.9
    assert Path(said["report"]).stat().st_size < 2_000_000
    assert not said["level_known"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--out", "a.xyz", "--mask", "all"), "not written as"),
        (("--out", "a.npz", "--mask", "all", "--camera", "Box Brownie"), "No camera is called"),
        (("--out", "a.npz", "--mask", "all", "--illuminant", "moon"), "No light is called"),
        (("--out", "a.npz", "--mask", "all", "--illuminant", "missing.csv"), "does not exist"),
        (("--out", "a.npz", "--mask", "all", "--white", "0"), "The white is 0"),
        (("--out", "a.npz", "--mask", "all", "--bands", "300:700:10"), "400-1000"),
        (("--out", "a.npz", "--mask", "all", "--close-up"), "Give one"),
        (("--out", "a.npz"), "18 x 4 px"),
    ],
)
def test_refusals_say_why(patches: Path, monkeypatch, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DermisError, match=words):
        dermis(patches, *arguments)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["camera", "illuminant"])
def test_tables_that_cover_too_little(patches: Path, tmp_path: Path, kind: str) -> None:
    header = "wavelength_nm,red,green,blue" if kind == "camera" else "wavelength_nm,power"
    row = ",1,1,1" if kind == "camera" else ",1"
    (tmp_path / "short.csv").write_text("\n".join([header, *(f"{nm}{row}" for nm in range(450, 651, 10))]))
    with pytest.raises(DermisError, match="450-650"):
        dermis(patches, "--out", tmp_path / "a.npz", "--mask", "all", f"--{kind}", tmp_path / "short.csv")


def test_python_mirrors_it(patches: Path, skin: np.ndarray) -> None:
    import dermis as package
    from dermis.formats.images.photo import read_photo

    photo = read_photo(patches, fewest_px=1)
    arguments = {"camera": CAMERA, "illuminant": LIGHT, "white": WHITE, "mask": "all"}
    found = package.reconstruct(photo, linear=True, **arguments)
    same = package.reconstruct(read_photo(patches, linear=True, fewest_px=1), **arguments)
    np.testing.assert_allclose(found.values, same.values, rtol=1e-5)
    assert angle(found.values.reshape(-1, 61)[:, 2:31], skin[:, 2:31]) < 0.03


def test_large_photos_are_reduced(monkeypatch, skin: np.ndarray) -> None:
    import dermis.pipeline.spectra as home
    from dermis.core import Encoding, Photo

    monkeypatch.setattr(home, "MOST_PX", 100)
    pixels = np.full((21, 30, 3), 0.3, np.float32)
    found = home.reconstruct(Photo(pixels=pixels, encoding=Encoding.SRGB), mask="all")
    assert found.values.shape[:2] == (7, 10)
    whole = home.reconstruct(Photo(pixels=pixels[:7, :10], encoding=Encoding.SRGB), mask="all")
    np.testing.assert_allclose(found.values, whole.values, rtol=1e-3)


def test_a_further_band_tells_the_near_infrared(
    patches: Path, tables: tuple[Path, Path], skin: np.ndarray, tmp_path: Path
) -> None:
    picture = np.rint(skin[:, WAVELENGTHS_NM == 960.0].reshape(4, 18, 1).repeat(3, axis=2) * 65535)
    (tmp_path / "960.png").write_bytes(write_png16(picture.astype(np.uint16), b"", srgb=False))
    camera, light = tables
    known = ("--linear", "--camera", camera, "--illuminant", light, "--white", WHITE, "--mask", "all")
    off = {}
    for name, more in {"without": (), "with": ("--band", f"960={tmp_path / '960.png'}")}.items():
        dermis(patches, "--out", tmp_path / f"{name}.npz", *known, *more)
        found = read_cube(tmp_path / f"{name}.npz").values.reshape(72, -1)
        off[name] = np.abs(found - skin)[:, WAVELENGTHS_NM > 700].mean()
    assert off["with"] < 0.5 * off["without"]


@pytest.mark.parametrize(
    ("band", "words"), [("nir.png", "is no band"), ("x=nir.png", "is no band"), ("1200=PATCH", "band at 1200 nm")]
)
def test_a_band_that_cannot_be_is_refused(patches: Path, tmp_path: Path, band: str, words: str) -> None:
    asked = band.replace("PATCH", str(patches))
    with pytest.raises(DermisError, match=words):
        dermis(patches, "--out", tmp_path / "a.npz", "--linear", "--mask", "all", "--band", asked)


def test_a_band_beside_a_photo_of_unknown_level_is_refused(patches: Path, tmp_path: Path) -> None:
    with pytest.raises(DermisError, match="does not tell its level"):
        dermis(patches, "--out", tmp_path / "a.npz", "--mask", "all", "--band", f"960={patches}")
