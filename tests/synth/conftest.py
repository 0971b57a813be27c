"""Scenes that several tests look at, staged once."""

import pytest


@pytest.fixture(scope="session")
def scene():
    """A marked face of medium tone, turned a little, under a window's daylight."""
    import numpy as np

    from dermis.core import Pose
    from dermis.optics.camera_names import find_camera
    from dermis.optics.light_names import find_light
    from dermis.synth.head import Expression
    from dermis.synth.lamps import draw_lamps
    from dermis.synth.person import meet, visit_of
    from dermis.synth.scene import Shot, stage
    from dermis.synth.subjects import Population, draw_subject
    from dermis.synth.viewpoint import FRAMINGS, Viewpoint

    subject = draw_subject(5, Population(lowest_ita_deg=20, highest_ita_deg=35, profiles={"severe": 1.0}))
    person = meet(subject)
    shot = Shot(
        viewpoint=Viewpoint(pose=Pose(yaw_deg=12, pitch_deg=0, roll_deg=0), framing=FRAMINGS["face"]),
        expression=Expression(),
        light=find_light("daylight 5600"),
        lamps=draw_lamps(np.random.default_rng(2), "window"),
        camera=find_camera("typical"),
        size_px=192,
    )
    return stage(person, visit_of(person, "W00"), shot)
