"""Mutations of seeds: bits, blocks, numbers and words, as simple fuzzers make them."""

from __future__ import annotations

import random

__all__ = ["mutated"]

_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_WORDS = (
    b"NaN",
    b"inf",
    b"-1",
    b"1e999",
    b"9" * 40,
    b"",
    b"\x00",
    b"\xff\xfe",
    b"=1+1",
    b"../../x",
    b'"',
    b"{",
    b"[",
    b"<a>",
)


def mutated(seed: bytes, chance: random.Random) -> bytes:
    """Return a seed with one to eight changes."""
    data = bytearray(seed)
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        _change(data, chance)
    return bytes(data)


def _change(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    kind = chance.randrange(7)
    if kind == 0 and at < len(data):
        data[at] ^= 1 << chance.randrange(8)
    elif kind == 1 and at < len(data):
        data[at] = chance.randrange(256)
    elif kind == 2:
        number = chance.choice(_NUMBERS)
        size = chance.choice((1, 2, 4, 8))
        data[at : at + size] = (number & ((1 << (8 * size)) - 1)).to_bytes(size, chance.choice(("little", "big")))
    elif kind == 3:
        del data[at : at + chance.choice((1, 2, 16, 256))]
    elif kind == 4:
        end = at + chance.choice((1, 4, 64, 512))
        data[at:at] = data[at:end]
    elif kind == 5:
        word = chance.choice(_WORDS)
        data[at : at + chance.randrange(len(word) + 1)] = word
    else:
        del data[at:]
