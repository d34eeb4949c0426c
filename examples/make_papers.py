"""Write `papers.jsonl`, 200 invented papers, beside this file: `python examples/make_papers.py`.

The same seed gives the same bytes on every machine, so that examples and tests may count on what a filter finds.
"""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

SEED = 7
COUNT = 200
TARGET = Path(__file__).with_name("papers.jsonl")

# A topic: a year from which on it is written about, a phrase for titles, and what such a paper does.
TOPICS: dict[str, tuple[int, str, str]] = {
    "databases": (2005, "Query Plans", "rewrites a query so that it reads fewer pages"),
    "graphs": (2005, "Large Graphs", "walks a graph in one pass over its edges"),
    "retrieval": (2005, "Document Retrieval", "ranks passages by what they mean rather than by the words they share"),
    "vision": (2005, "Image Recognition", "finds objects that are half hidden behind others"),
    "speech": (2005, "Spoken Language", "turns speech into text in noisy rooms"),
    "robotics": (2005, "Grasping Robots", "lets a robot arm pick up things that it has never seen"),
    "privacy": (2008, "Private Statistics", "answers questions about many people without revealing one of them"),
    "compilers": (2005, "Loop Fusion", "merges loops that read the same memory"),
    "bioinformatics": (2005, "Protein Folding", "predicts how a protein folds from its sequence alone"),
    "fairness": (2014, "Fair Classifiers", "measures who is served worse by a classifier"),
    "reinforcement": (2012, "Planning under Uncertainty", "learns a policy from few and costly trials"),
    "transformers": (2017, "Attention Models", "replaces recurrence by attention over the whole input"),
}
TITLES = (
    "{method} for {phrase}",
    "On the Limits of {phrase}",
    "{phrase} at Scale: {method} Revisited",
    "A Second Look at {phrase}",
    "{method}: Towards Reliable {phrase}",
    "What {phrase} Can Learn from {method}",
    "{phrase} without Labels",
    "How Far Can {method} Carry {phrase}?",
    "Learning {phrase} from Few Examples",
    "{method} in Practice: Lessons from {phrase}",
)
METHODS = (
    "Lazy Evaluation", "Sparse Coding", "Random Projections", "Curriculum Learning", "Spectral Methods", "Beam Search",
    "Contrastive Training", "Incremental Indexing", "Bayesian Averaging", "Message Passing", "Low-Rank Updates", "Self-Distillation",
)  # fmt: skip
FINDINGS = (
    "On five public data sets it halves the running time at the same accuracy.",
    "It needs a tenth of the memory of earlier work and no tuning.",
    "We prove a bound on its error and show that the bound is tight.",
    "In a study with forty participants its answers were preferred in two of three cases.",
    "We also report where it fails, and why a larger model doesn't help.",
    "Code and data are public, and all experiments run on one machine.",
)
VENUES = ("ICML", "NeurIPS", "SIGMOD", "VLDB", "ACL", "CVPR", "KDD", "SIGIR", "ICRA", "arXiv")
LANGUAGES = ("en", "en", "en", "en", "en", "en", "de", "fr", "zh", "es")


def title(topic: str, method: str, taken: set[str], dice: random.Random) -> str:
    """A title that no paper before has."""
    while (chosen := dice.choice(TITLES).format(method=method, phrase=TOPICS[topic][1])) in taken:
        method = dice.choice(METHODS)
    taken.add(chosen)
    return chosen


def paper(number: int, taken: set[str], dice: random.Random) -> dict[str, Any]:
    """One record in the nested form, with the keys that a paper may lack left out."""
    year = dice.randint(2005, 2024)
    topics = dice.sample([topic for topic, (since, _, _) in TOPICS.items() if since <= year], dice.choices((1, 2, 3, 4), (3, 4, 2, 1))[0])
    method = dice.choice(METHODS)
    metadata: dict[str, Any] = {
        "title": title(topics[0], method, taken, dice),
        "year": year,
        "venue": dice.choice(VENUES),
        "topics": topics,
        "citations": int(dice.expovariate(1 / (12 * (2025 - year)))),
        "open_access": dice.random() < 0.6,
        "lang": dice.choice(LANGUAGES),
    }
    if dice.random() < 0.3:
        metadata["rating"] = round(dice.uniform(2.5, 5.0), 1)
    if dice.random() < 0.7:
        metadata["doi"] = f"10.5555/{year}.{dice.randint(1000, 9999)}"
    record: dict[str, Any] = {"id": f"p{number:03}", "document": abstract(topics, method, dice), "metadata": metadata}
    if dice.random() < 0.1:
        record["uri"] = f"https://papers.example/{year}/p{number:03}.pdf"
    record["embedding"] = embedding(topics, dice)
    return record


def abstract(topics: list[str], method: str, dice: random.Random) -> str:
    """Two or three sentences about the topics."""
    sentences = [f"We present a system that {TOPICS[topics[0]][2]}.", dice.choice(FINDINGS)]
    if len(topics) > 1:
        sentences.insert(1, f"Built on {method.lower()}, it also {TOPICS[topics[1]][2]}.")
    return " ".join(sentences)


def embedding(topics: list[str], dice: random.Random) -> list[float]:
    """Four numbers that lie close together for papers about the same topics."""
    angles = [2 * math.pi * list(TOPICS).index(topic) / len(TOPICS) for topic in topics]
    parts = [(math.cos(angle), math.sin(angle), math.cos(2 * angle), math.sin(2 * angle)) for angle in angles]
    return [round(sum(column) / len(parts) + dice.uniform(-0.1, 0.1), 3) for column in zip(*parts, strict=True)]


def main() -> None:
    """Write the file."""
    dice = random.Random(SEED)
    taken: set[str] = set()
    lines = [json.dumps(paper(number, taken, dice), ensure_ascii=False) + "\n" for number in range(1, COUNT + 1)]
    TARGET.write_bytes("".join(lines).encode())


if __name__ == "__main__":
    main()
