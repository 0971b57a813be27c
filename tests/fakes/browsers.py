"""A browser without a window whose camera shows a person who does not exist."""

from __future__ import annotations

import io
import shutil
from contextlib import contextmanager

import pytest

__all__ = ["DESK", "PHONE", "camera_film", "chromium", "spotted"]

DESK = {"viewport": {"width": 1280, "height": 860}, "locale": "en-GB"}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "locale": "en-GB",
    "has_touch": True,
    "is_mobile": True,
    "color_scheme": "dark",
}

# Without these, Chromium looks up hosts of its maker.
_QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
]


@contextmanager
def chromium(film=None, *further):
    """Give a browser; `film` is what its camera shows. Skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    if film is not None:
        camera.append(f"--use-file-for-fake-video-capture={film}")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=[*_QUIET, *camera, *further])
        try:
            yield browser
        finally:
            browser.close()


def camera_film(photo, box, path, size=(960, 1280)):
    """Write the part `box` of a photo as a film that stands still, and return its path."""
    from PIL import Image

    picture = io.BytesIO()
    with Image.open(photo) as whole:
        whole.convert("RGB").crop(box).resize(size).save(picture, "JPEG", quality=95)
    path.write_bytes(picture.getvalue() * 30)
    return path


def spotted(photo, box, spots=14):
    """Return the photo, as JPEG, with so many red spots drawn on cheeks and forehead of the face in `box`."""
    import numpy as np
    from PIL import Image, ImageDraw, ImageFilter

    random = np.random.default_rng(5)
    x, y, width, height = box
    with Image.open(photo) as whole:
        picture = whole.convert("RGB")
    layer = Image.new("RGBA", picture.size)
    pen = ImageDraw.Draw(layer)
    for number in range(spots):
        low, high, top, bottom = ((0.1, 0.3, 0.5, 0.75), (0.7, 0.9, 0.5, 0.75), (0.35, 0.65, 0.05, 0.18))[number % 3]
        at = np.array([x + random.uniform(low, high) * width, y + random.uniform(top, bottom) * height])
        radius = random.uniform(0.01, 0.02) * width
        for grown, colour in ((1.9, (190, 60, 55, 70)), (1.0, (176, 48, 46, 150)), (0.4, (240, 215, 170, 200))):
            pen.ellipse([*(at - grown * radius), *(at + grown * radius)], fill=colour)
    layer = layer.filter(ImageFilter.GaussianBlur(0.004 * width))
    picture.paste(layer, (0, 0), layer)
    made = io.BytesIO()
    picture.save(made, "JPEG", quality=95)
    return made.getvalue()
