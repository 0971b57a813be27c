"""Small parts: keys of photos, what is held for a while, limits, forms."""

import base64
from dataclasses import replace

import pytest

from dermis.errors import NotFound, UsageError
from dermis.service.api.service import Limits, TooManyRequests
from dermis.service.measure import Asked, Measured
from dermis.service.photo_keys import destroy_key, read_photo_keys, seal, unseal
from dermis.service.recent import Held, Recent


class Clock:
    seconds = 0.0

    def __call__(self):
        return self.seconds


def test_a_sealed_photo_comes_back_by_its_subject_alone(photo_keys):
    sealed = seal(photo_keys, "anna", b"photo")
    assert b"photo" not in sealed
    assert unseal(photo_keys, "anna", sealed) == b"photo"
    assert seal(photo_keys, "anna", b"photo") != sealed
    seal(photo_keys, "berta", b"other")
    with pytest.raises(NotFound):
        unseal(photo_keys, "berta", sealed)
    with pytest.raises(NotFound):
        unseal(replace(photo_keys, master=bytes(32)), "anna", sealed)


def test_a_destroyed_key_makes_photos_unreadable(photo_keys):
    sealed = seal(photo_keys, "anna", b"photo")
    destroy_key(photo_keys, "anna")
    destroy_key(photo_keys, "anna")
    assert list(photo_keys.folder.iterdir()) == []
    with pytest.raises(NotFound, match="destroyed"):
        unseal(photo_keys, "anna", sealed)


@pytest.mark.parametrize("content", ["", "c2hvcnQ=", "%%%", base64.b64encode(bytes(31)).decode()])
def test_a_file_without_key_is_refused(tmp_path, content):
    file = tmp_path / "key"
    file.write_text(content)
    with pytest.raises(UsageError, match="--photo-key"):
        read_photo_keys(file)
    with pytest.raises(UsageError, match="--photo-key"):
        read_photo_keys(tmp_path / "none")


def held(size):
    return Held(asked=Asked(photo=bytes(size)), measured=Measured(content={}))


def test_the_oldest_go_first_when_memory_is_short():
    recent = Recent(most_bytes=100_000)
    for name in "abc":
        recent.put(name, held(20_000))
    assert [recent.get(name) is not None for name in "abc"] == [False, True, True]
    recent.add_report("c", bytes(30_000))
    assert [recent.get(name) is not None for name in "abc"] == [False, False, True]
    recent.forget(["c"])
    recent.put("d", held(80_001))
    assert recent.get("d") is None


def test_they_go_with_time():
    clock = Clock()
    recent = Recent(kept_s=60, clock=clock)
    recent.put("a", held(1))
    clock.seconds = 59
    assert recent.seconds_left("a") == 1
    clock.seconds = 60
    assert recent.get("a") is None
    assert recent.seconds_left("a") is None


def test_a_limit_fills_again_with_time():
    clock = Clock()
    limits = Limits(clock)
    for _ in range(6):
        limits.take("a", 6)
    with pytest.raises(TooManyRequests) as refusal:
        limits.take("a", 6)
    assert refusal.value.retry_after_s == 10
    limits.take("b", 6)
    clock.seconds = 10
    limits.take("a", 6)
    for _ in range(100):
        limits.take("c", 0)
