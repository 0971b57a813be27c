"""The call from Python: which tasks it asks."""

import dermis


def test_tasks_may_be_a_list_of_names(selfie):
    told = dermis.analyse(selfie, tasks=["skin_tone", "redness"])
    assert {finding.task for finding in told.findings} == {"skin_tone", "redness"}


def test_what_is_asked_on_request_is_not_asked_otherwise(selfie):
    named = {finding.task for finding in dermis.analyse(selfie, tasks="pigmentation").findings}
    usual = {finding.task for finding in dermis.analyse(selfie).findings}
    assert "pigmentation_grade" in named
    assert usual
    assert not named & usual
