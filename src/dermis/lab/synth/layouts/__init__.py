"""The layouts that sets are written in, one file each; this table is all there is to register.

Each is read by the file of the same name in `dermis.lab.datasets`.
"""

from __future__ import annotations

from collections.abc import Mapping

from dermis.lab.synth.layouts import acne04, faces, hyper_skin, hyperpigmentation, tone_chips
from dermis.lab.synth.layouts.layout import Job, Layout

__all__ = ["LAYOUTS", "Job", "Layout"]

LAYOUTS: Mapping[str, Layout] = {
    each.name: each
    for each in (faces.LAYOUT, hyper_skin.LAYOUT, tone_chips.LAYOUT, hyperpigmentation.LAYOUT, acne04.LAYOUT)
}
"""Every layout by the name that recipes give it."""
