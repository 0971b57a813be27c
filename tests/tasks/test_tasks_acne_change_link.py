"""How likely a lesion is new: more by what the network says here, less by what it says there, more by plain change."""

import numpy as np
import pytest

from dermis.tasks.acne.change_link import ChangeLink, lesion_logit, shipped_change_link

CURVE = (2.87, 3.04)


def test_what_ships_rises_and_falls_with_each_number():
    link = shipped_change_link()
    rising = [link.probability(here, -5.0, 3.0, 0.0) for here in np.linspace(-8, 4, 9)]
    echoed = [link.probability(1.0, there, 3.0, 0.0) for there in np.linspace(-8, 4, 9)]
    changed = [link.probability(-1.0, -5.0, contrast, 0.0) for contrast in np.linspace(-2, 7, 9)]
    remaining = [link.probability(-1.0, -5.0, 5.0, left) for left in np.linspace(-1, 3, 9)]
    assert np.all(np.diff(rising) > 0)
    assert np.all(np.diff(remaining) < 0)
    assert np.all(np.diff(echoed) < 0)
    assert np.all(np.diff(changed) > 0)
    assert link.probability(lesion_logit(0.35, CURVE), lesion_logit(0.0, CURVE), 8.0, 0.0) > 0.5
    assert link.probability(lesion_logit(0.35, CURVE), lesion_logit(0.35, CURVE), 0.0, 4.0) < 0.2


def test_beyond_some_deviations_both_contrasts_say_no_more():
    link = ChangeLink(start=0.0, here=1.0, there=-1.0, contrast=1.0, left=-1.0)
    most = link.probability(0.0, 0.0, 8.0, 0.0)
    assert most == link.probability(0.0, 0.0, 80.0, 0.0) == pytest.approx(1 / (1 + np.exp(-8)))
    assert link.probability(0.0, 0.0, -3.0, 0.0) == link.probability(0.0, 0.0, -30.0, 0.0)
    assert link.probability(0.0, 0.0, 0.0, 4.0) == link.probability(0.0, 0.0, 0.0, 40.0)
    assert link.probability(0.0, 0.0, 0.0, -2.0) == link.probability(0.0, 0.0, 0.0, -20.0)


def test_no_score_is_a_faint_one_and_no_score_is_certain():
    assert lesion_logit(0.0, (0.0, 1.0)) == pytest.approx(np.log(0.01 / 0.99))
    assert lesion_logit(1.0, (1.0, 2.0)) == pytest.approx(1 + 2 * np.log(99))
    assert lesion_logit(0.5, CURVE) == pytest.approx(CURVE[0])
