"""Scenes that several tests look at, staged once."""

import pytest


@pytest.fixture(scope="session")
def scene():
    """A marked face of medium tone, turned a little, under a window's daylight."""
    import numpy as np

    from dermis.core import Pose
    from dermis.lab.synth.camera.scene import Shot, compose_scene
    from dermis.lab.synth.camera.shading import draw_lamps
    from dermis.lab.synth.camera.viewpoint import FRAMINGS, Viewpoint
    from dermis.lab.synth.head.head import Expression
    from dermis.lab.synth.subjects import SubjectPopulation, build_person, draw_subject, visit_of
    from dermis.optics.camera import find_camera
    from dermis.optics.illuminant import find_illuminant

    subject = draw_subject(5, SubjectPopulation(lowest_ita_deg=20, highest_ita_deg=35, profiles={"severe": 1.0}))
    person = build_person(subject)
    shot = Shot(
        viewpoint=Viewpoint(pose=Pose(yaw_deg=12, pitch_deg=0, roll_deg=0), framing=FRAMINGS["face"]),
        expression=Expression(),
        light=find_illuminant("daylight 5600"),
        lamps=draw_lamps(np.random.default_rng(2), "window"),
        camera=find_camera("typical"),
        size_px=192,
    )
    return compose_scene(person, visit_of(person, "W00"), shot)
