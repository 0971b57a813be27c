"""The camera's eyes in a real browser: the same landmarks as the program, one hint for each thing that is wrong."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from dermis.errors import ModelMissing
from fakes.browsers import chromium
from fakes.services import free_port, running, stand_in

pytestmark = pytest.mark.slow

GOOD = {
    "face": True,
    "size": 0.5,
    "across": 0.0,
    "down": 0.0,
    "pose": {"yaw": 0.0, "pitch": 0.0, "roll": 0.0},
    "light": {"cheekRatio": 1.1, "bright": 0.7, "luminance": 0.4},
    "backlight": 1.0,
    "sharpness": 0.5,
    "movement": 0.0,
}
WRONG = [
    ({"face": False}, "front", "no_face"),
    ({"across": 0.4}, "front", "centre"),
    ({"size": 0.1}, "front", "closer"),
    ({"size": 0.9}, "front", "back"),
    ({"pose": {"yaw": 30.0, "pitch": 0.0, "roll": 0.0}}, "front", "turn_right"),
    ({"pose": {"yaw": -30.0, "pitch": 0.0, "roll": 0.0}}, "front", "turn_left"),
    ({}, "left", "turn_right"),
    ({}, "right", "turn_left"),
    ({"pose": {"yaw": 80.0, "pitch": 0.0, "roll": 0.0}}, "right", "turn_back"),
    ({"pose": {"yaw": 0.0, "pitch": -30.0, "roll": 0.0}}, "front", "camera_lower"),
    ({"pose": {"yaw": 0.0, "pitch": 30.0, "roll": 0.0}}, "front", "camera_higher"),
    ({"pose": {"yaw": 0.0, "pitch": 0.0, "roll": 25.0}}, "front", "straight"),
    ({"light": {**GOOD["light"], "bright": 0.1}}, "front", "darker"),
    ({"light": {**GOOD["light"], "bright": 0.99}}, "front", "brighter"),
    ({"light": {**GOOD["light"], "cheekRatio": 3.0}}, "front", "uneven"),
    ({"backlight": 9.0}, "front", "backlight"),
    ({"movement": 0.2}, "front", "still"),
    ({"sharpness": 0.05}, "front", "sharp"),
]

FIND = """async (photo) => {
  const { startEngine } = await import("/pages/camera/engine.js");
  const { findFace } = await import("/pages/camera/face.js");
  const { headPose, faceWidth } = await import("/pages/camera/pose.js");
  const picture = new Image();
  picture.src = `data:image/jpeg;base64,${photo}`;
  await picture.decode();
  const face = await findFace(await startEngine(), picture, picture.naturalWidth, picture.naturalHeight);
  return { landmarks: face.landmarks, pose: headPose(face.landmarks), width: faceWidth(face.landmarks) };
}"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    port = free_port()
    command, environment = stand_in(f"sqlite:///{tmp_path_factory.mktemp('store') / 'store.sqlite'}", port)
    with running(command, port, environment), chromium() as browser:
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        yield page


@pytest.mark.parametrize("person", ["P002_studio", "P006_selfie", "P009_studio"])
def test_landmarks_and_pose_are_those_of_the_program(models, page, person):
    from dermis.face.find import find_face
    from dermis.formats.images.photo import read_photo
    from dermis.models.registry import fetch
    from dermis.service.api.static import engine_file

    try:
        path = fetch(person)
        engine_file("ort.wasm")
    except ModelMissing as error:
        pytest.skip(f"it cannot be fetched: {error}")
    face = find_face(read_photo(path))
    seen = page.evaluate(FIND, base64.b64encode(path.read_bytes()).decode())
    apart = np.linalg.norm(np.array(seen["landmarks"])[:, :2] - face.landmarks[:, :2], axis=1)
    assert np.percentile(apart, 95) < 0.02 * seen["width"]
    assert seen["pose"]["yaw"] == pytest.approx(face.pose.yaw_deg, abs=2)
    assert seen["pose"]["pitch"] == pytest.approx(face.pose.pitch_deg, abs=2)
    assert seen["pose"]["roll"] == pytest.approx(face.pose.roll_deg, abs=2)


CHECK = """async ([measured, view]) => {
  const { checks } = await import("/pages/camera/guidance.js");
  return checks(measured, view).filter(({ ok }) => !ok).map(({ hint }) => hint);
}"""


@pytest.mark.parametrize(("change", "view", "hint"), WRONG, ids=[f"{view}-{hint}" for _, view, hint in WRONG])
def test_each_thing_that_is_wrong_has_its_hint(page, change, view, hint):
    assert page.evaluate(CHECK, [{**GOOD, **change}, view])[0] == hint


def test_where_all_is_well_nothing_is_asked_for(page):
    assert page.evaluate(CHECK, [GOOD, "front"]) == []


def test_a_blurred_face_is_less_sharp(page):
    sharp, blurred = page.evaluate("""async () => {
      const { sharpnessOf } = await import("/pages/camera/measures.js");
      const size = 256;
      const face = (grey) => {
        const pixels = new Uint8ClampedArray(4 * size * size);
        for (let k = 0; k < size * size; k++) pixels.fill(grey(k % size, Math.floor(k / size)), 4 * k, 4 * k + 4);
        return { viewPx: size, pixels };
      };
      const turn = (place, length) => Math.sin((2 * Math.PI * place) / length);
      const wave = (length) => (x, y) => 128 + 100 * turn(x, length) * turn(y, length);
      return [sharpnessOf(face(wave(4))), sharpnessOf(face(wave(64)))];
    }""")
    assert sharp > 0.5 > 0.2 > blurred
