"""The memory engine under threads that write and read at once: every answer is that of one moment, and memory stays flat.

    python tests/soak.py --minutes 10

Writers take turns, so what the collection holds is a row of states. A reader notes which writes were done before its call and
which had begun after it: its answer is that of `whereql.semantics` on one of the states between. Transfers keep a sum, which half
of the reads look at and nothing else.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from thresholds import LOW, lowered
from whereql_memory.backend import MemoryBackend

from whereql import parse
from whereql.ast import Expr
from whereql.backend import Change, Query
from whereql.batches import batched
from whereql.records import Record, make_record
from whereql.semantics import holds
from whereql.testing.generators import FilterMaker, Generator

ACCOUNTS = 16
BALANCE = 100
MOST = 160  # records: more are deleted again
STATES = 400  # that are remembered
HAS_BALANCE = parse("balance IS NOT NULL")

State = dict[str, Record]
Write = tuple[State, Callable[[], int]]  # the state after it, and what does it


class Soak:
    """One collection with its history. wrong: the first answers that were of no moment; calls: how many of each kind were made."""

    def __init__(self, seed: int, indexes: str) -> None:
        accounts = [account(number, BALANCE) for number in range(ACCOUNTS)]
        self.backend = MemoryBackend(accounts, indexes=indexes, budget=1 << 16)
        self.states: OrderedDict[int, State] = OrderedDict({0: {record.id: record for record in accounts}})
        self.done = self.begun = 0  # the last write that was, and that may have been
        self.wrong: list[str] = []
        self.calls: Counter[str] = Counter()
        self.ended = threading.Event()  # the time is over, or something is wrong
        self._seed = seed
        self._turn = threading.Lock()
        self._names = itertools.count(1)

    # Writing.

    def write(self, rng: random.Random, pool: Sequence[Record]) -> None:
        """One write, of a random kind."""
        with self._turn:
            state = self.states[self.begun]
            kinds = [self._transfer, self._transfer, self._addition, self._load, self._change, self._deletion]
            kind = self._deletion if len(state) > MOST else rng.choice(kinds)
            after, call = kind(dict(state), rng, pool)
            self.states[self.begun + 1] = after
            self.begun += 1
            call()
            self.done = self.begun
            while len(self.states) > STATES:
                self.states.popitem(last=False)
            self.calls["write"] += 1

    def _transfer(self, state: State, rng: random.Random, pool: Sequence[Record]) -> Write:
        one, other = rng.sample(range(ACCOUNTS), 2)
        amount = rng.randint(-50, 50)
        balances = {one: balance_of(state[f"account {one}"]) - amount, other: balance_of(state[f"account {other}"]) + amount}
        return self._upsert(state, [Change(account(number, balance)) for number, balance in balances.items()])

    def _change(self, state: State, rng: random.Random, pool: Sequence[Record]) -> Write:
        ids = [id for id in state if not id.startswith("account")]
        return self._upsert(state, [Change(renamed(rng.choice(pool), id)) for id in rng.sample(ids, min(len(ids), rng.choice([1, 3])))])

    def _upsert(self, state: State, changes: list[Change]) -> Write:
        for change in changes:
            state[change.record.id] = change.apply(state.get(change.record.id))
        return state, lambda: self.backend.upsert(changes)

    def _addition(self, state: State, rng: random.Random, pool: Sequence[Record]) -> Write:
        return self._add(state, self._fresh(rng, pool, rng.choice([1, 1, 2])))

    def _load(self, state: State, rng: random.Random, pool: Sequence[Record]) -> Write:
        return self._add(state, next(batched(self._fresh(rng, pool, 12))))

    def _fresh(self, rng: random.Random, pool: Sequence[Record], size: int) -> list[Record]:
        return [renamed(rng.choice(pool), f"r{next(self._names)}") for _ in range(size)]

    def _add(self, state: State, records: Sequence[Record]) -> Write:
        state |= {record.id: record for record in records}
        return state, lambda: self.backend.add(records)

    def _deletion(self, state: State, rng: random.Random, pool: Sequence[Record]) -> Write:
        ids = [id for id in state if not id.startswith("account")]
        gone = tuple(rng.sample(ids, min(len(ids), rng.choice([1, 5, 40 if len(state) > MOST else 2]))))
        return {id: record for id, record in state.items() if id not in gone}, lambda: self.backend.delete(Query(ids=gone))

    # Reading.

    def read(self, rng: random.Random, filters: Sequence[Expr]) -> None:
        """One read, of a random kind, and what is to be said against its answer."""
        if rng.random() < 0.5:
            self._read_sum()
            return
        query = Query(rng.choice(filters), None, rng.choice([None, None, 1, 5]), rng.choice([0, 0, 2]), ())
        first = self.done
        if rng.random() < 0.3:
            pages = self.backend.scan(Query(query.where, include=()), itertools.repeat(rng.choice([1, 7, 50])))
            last = self.begun
            self._judge("scan", Query(query.where), [id for page in pages for id in page.ids], first, last)
        elif rng.random() < 0.3:
            found = self.backend.count(Query(query.where))
            self._judge("count", Query(query.where), found, first, self.begun)
        else:
            ids = self.backend.get(query).ids
            self._judge("get", query, ids, first, self.begun)

    def _read_sum(self) -> None:
        found = self.backend.get(Query(HAS_BALANCE, include=("metadatas",)))
        balances = [balance for metadata in found.metadatas or () if metadata and isinstance(balance := metadata["balance"], int)]
        self.calls["sum"] += 1
        if len(balances) != ACCOUNTS or sum(balances) != ACCOUNTS * BALANCE:
            self.wrong.append(f"the accounts hold {balances}")

    def _judge(self, kind: str, query: Query, found: object, first: int, last: int) -> None:
        self.calls[kind] += 1
        states = [state for number in range(first, last + 1) if (state := self.states.get(number)) is not None]
        if len(states) <= last - first:
            self.calls["too late to judge"] += 1
        elif not any(found == (len(due) if kind == "count" else due) for due in (due_of(query, state) for state in states)):
            self.wrong.append(f"{kind} of {query}: {found}, in none of the states {first} to {last}; in the last {due_of(query, states[-1])}")

    # All of it.

    def run(self, seconds: float, threads: int) -> None:
        """Read and write in this many threads."""
        generator = Generator(self._seed)
        pool = generator.records(60)
        maker = FilterMaker(generator.random, pool)
        filters = [maker.filter() for _ in range(60)]
        workers = [threading.Thread(target=self._work, args=(number, pool, filters)) for number in range(threads)]
        usual = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)  # so that threads meet within a call
        for worker in workers:
            worker.start()
        self.ended.wait(seconds)
        self.ended.set()
        for worker in workers:
            worker.join()
        sys.setswitchinterval(usual)
        left = [record.id for record in self.states[self.done].values()]
        if self.backend.get(Query(include=())).ids != left:
            self.wrong.append(f"at the end there are not {left}")

    def _work(self, number: int, pool: Sequence[Record], filters: Sequence[Expr]) -> None:
        rng = random.Random(f"{self._seed} {number}")
        try:
            while not self.ended.is_set() and not self.wrong:
                if rng.random() < 0.3:
                    self.write(rng, pool)
                else:
                    self.read(rng, filters)
        except Exception as error:
            self.wrong.append(f"{type(error).__name__}: {error}")
        finally:
            if self.wrong:
                self.ended.set()


def account(number: int, balance: int) -> Record:
    return make_record(f"account {number}", metadata={"balance": balance})


def balance_of(record: Record) -> int:
    balance = (record.metadata or {})["balance"]
    assert isinstance(balance, int)
    return balance


def renamed(record: Record, id: str) -> Record:
    return Record(id, record.document, record.uri, None, record.metadata)


def due_of(query: Query, state: State) -> list[str]:
    stop = None if query.limit is None else query.offset + query.limit
    return [record.id for record in state.values() if holds(query.where, record)][query.offset : stop]


def resident() -> int:
    """The bytes of memory that this process has, 0 where the system doesn't say."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * 4096 if status.exists() else 0


def main(words: Iterable[str] | None = None) -> int:
    """The soak of the command line: a line for each round, and what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(None if words is None else list(words))
    end, sizes, calls = time.monotonic() + 60 * options.minutes, [resident()], Counter[str]()
    for turn in itertools.count():
        soak = Soak(options.seed + turn, ("adaptive", "on", "off")[turn % 3])
        with lowered(LOW if turn % 2 else {}):
            soak.run(min(20.0, max(1.0, end - time.monotonic())), options.threads)
        calls += soak.calls
        sizes.append(resident())
        if soak.wrong or time.monotonic() >= end:
            break
    told = ", ".join(f"{count:,} of {kind}" for kind, count in sorted(calls.items()))
    memory = f"{sizes[1] >> 20} MB after the first round, {max(sizes) >> 20} MB at most, {sizes[-1] >> 20} MB at the end"
    print(f"{turn + 1} rounds in {options.threads} threads; calls: {told}; memory: {memory}; {len(soak.wrong)} wrong")  # noqa: T201
    for line in soak.wrong[:5]:
        print(line)  # noqa: T201
    return 1 if soak.wrong else 0




if __name__ == "__main__":
    sys.exit(main())
