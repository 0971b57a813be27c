"""Photograph the page of the service for the docs: `python docs/screenshots.py ADDRESS`, where `dermis serve` runs.

Shows a person who does not exist, with drawn spots at the first visit and without at the second.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image

from dermis.models.registry import fetch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from fakes.browsers import DESK, PHONE, camera_film, chromium, spotted

IMAGES = Path(__file__).parent / "images"
PERSON = "P002_studio"
FACE = (644, 530, 726, 891)
FILMED = (300, 200, 1400, 1667)
PATIENCE_MS = 120_000


def shoot(page: Any, name: str) -> None:  # noqa: ANN401 -- playwright is not always there
    """Save what the page shows as a small JPEG."""
    page.wait_for_timeout(1500)
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        picture.convert("RGB").save(IMAGES / f"app-{name}.jpg", quality=82, optimize=True)


def visit(page: Any, address: str, photo: bytes) -> None:  # noqa: ANN401
    """Analyse a photo and wait for its result."""
    page.goto(address + "#/capture")
    file = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo}
    page.set_input_files(".controls input[type=file]", file)
    page.check(".review input[type=checkbox]")
    page.click(".review button.main")
    page.wait_for_selector(".result .sentences p")


def main(address: str) -> None:
    """Take every picture of the docs."""
    portrait = fetch(PERSON)
    with TemporaryDirectory() as folder, chromium(camera_film(portrait, FILMED, Path(folder) / "f.mjpeg")) as browser:
        page = browser.new_page(**DESK)
        page.set_default_timeout(PATIENCE_MS)
        page.goto(address)
        page.evaluate("localStorage.setItem('dermis', JSON.stringify({automatic: false}))")
        page.wait_for_selector(".welcome")
        shoot(page, "welcome")
        visit(page, address, spotted(portrait, FACE))
        page.locator(".spot").first.dispatch_event("click")
        shoot(page, "result")
        page.locator(".layers label").filter(has=page.get_by_text("Redness", exact=True)).click()
        box = page.locator("svg.stage").bounding_box()
        page.locator("svg.stage").click(position={"x": 0.41 * box["width"], "y": 0.5 * box["height"]})
        page.wait_for_selector(".tapped .facts")
        shoot(page, "pixel")
        visit(page, address, portrait.read_bytes())
        page.goto(address + "#/history")
        page.wait_for_selector(".curve-card")
        shoot(page, "history")
        page.click(".compare-form button")
        page.wait_for_selector(".compare svg")
        shoot(page, "change")

        phone = browser.new_page(**PHONE)
        phone.set_default_timeout(PATIENCE_MS)
        phone.goto(address)
        phone.evaluate("localStorage.setItem('dermis', JSON.stringify({automatic: false}))")
        phone.goto(address + "#/capture")
        phone.wait_for_selector(".live.ready")
        shoot(phone, "camera-phone")
        phone.click(".shutter")
        phone.wait_for_selector(".review img")
        phone.click(".review button.main")
        phone.wait_for_selector(".result .sentences p")
        shoot(phone, "result-phone")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/") + "/")
