"""The optimizer: one normal form for filters that say the same. `pipeline` runs the passes, `domain` has the value sets."""

from __future__ import annotations

from whereql.optimize.pipeline import ORDER, PASSES, Pass, Step, normalize, use_passes

__all__ = ["ORDER", "PASSES", "Pass", "Step", "normalize", "use_passes"]
