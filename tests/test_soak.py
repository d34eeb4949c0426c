"""A moment of `tests/soak.py`, in each mode of the indexes, with merges and blocks of a few records."""

from __future__ import annotations

from soak import Soak
from thresholds import lowered


def test_every_answer_is_of_one_moment(indexes: str) -> None:
    with lowered():
        soak = Soak(1, indexes)
        soak.run(seconds=1, threads=4)
    assert not soak.wrong
    assert soak.calls["write"] > 0
