"""The sizes at which the memory engine goes another way, lowered: a few records then pass through merges, blocks, and every kind of index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

LOW: Mapping[str, int] = {
    "whereql_memory.backend._MANY": 3,
    "whereql_memory.backend._WAITING": 5,
    "whereql_memory.merging._SMALL": 2,
    "whereql_memory.merging._RATIO": 2,
    "whereql_memory.running._BLOCK": 8,
    "whereql_memory.running._FIRST_BLOCK": 2,
    "whereql_memory.arrays._LARGE": 1,
    "whereql_memory.access._SPARSE": 2,
    "whereql_memory.access._BISECTED": 1,
    "whereql_memory.access._MOST_CODES": 4,
    "whereql_memory.nodes._ONE": 1,
    "whereql_memory.nodes._SEVERAL": 1,
    "whereql_memory.nodes._SAMPLE": 4,
    "whereql_memory.connectives._UNITED": 1,
    "whereql_memory.connectives._COSTLY": 1,
    "whereql_memory.connectives._FIRST_PIECE": 1,
    "whereql_memory.conditions._FEW": 1,
    "whereql_memory.conditions._TABLE": 4,
    "whereql_memory.indexes._MARKED": 4,
    "whereql_memory.ids._SCAN": 2,
    "whereql_memory.ids._PASSES": 1,
    "whereql_memory.ids.CACHED": 8,
    "whereql_memory.ids._FEW": 1,
    "whereql_memory.ids._PIECE": 2,
    "whereql_memory.answers._SMALL": 2,
    "whereql_memory.words._CANDIDATE": 1,
    "whereql_memory.words._ENTRY": 1,
    "whereql_memory.words._SINGLE": 1,
    "whereql_memory.words._SHORT": 1,
    "whereql_memory.words._SPARSE": 2,
    "whereql_memory.words._NARROWS": 1,
    "whereql_memory.texts._GATHERED": 1,
    "whereql_memory.texts._CHUNK": 4,
    "whereql_memory.texts._SEARCHED": 64,
    "whereql_memory.blob._BLOCK": 64,
    "whereql_memory.blob._LARGE": 1,
}


@contextmanager
def lowered(thresholds: Mapping[str, int] = LOW) -> Iterator[None]:
    """With these thresholds, each of which there has to be."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in thresholds.items():
            patch.setattr(name, value)
        yield
