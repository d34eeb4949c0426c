"""Regular expressions and LIKE patterns, lowered to RE2: what Rust's engine (and so Chroma) answers, in linear time."""

from __future__ import annotations

from whereql.regex.lowering import Searcher, compile_like, compile_loose, compile_pattern, like_pattern, lower
from whereql.regex.required import Needs, needs

__all__ = ["Needs", "Searcher", "compile_like", "compile_loose", "compile_pattern", "like_pattern", "lower", "needs"]
