"""What `benchmarks.filters` compares whereql with, each written as a person writes it who knows it well: a module for each.

Nothing is parsed, planned or converted while time is taken, if it can be made beforehand: masks are functions that are ready to
be called, expressions and statements are built. Where there are several ways to an answer, a peer offers all of them, and the
fastest is the one that is timed.
"""
