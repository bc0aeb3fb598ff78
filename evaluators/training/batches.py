"""Runs cut to the size of a device call: some seeds, some rates, padded to the lanes there are."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import jax
import numpy as np

from dsl.program import Program
from evaluators.task import Task, prepare
from evaluators.training.loop import Feed


class Job(NamedTuple):
    """Runs that are asked for: a program from every seed at every rate.

    `rates` are values of the hyperparameter `lr`, its default alone if None; `bar` holds a loss for
    each look above which a run is given up, none if None.
    """

    program: Program
    seeds: Sequence[int]
    rates: Sequence[float] | None = None
    bar: Sequence[float] | None = None


class Part(NamedTuple):
    """As many of them as have lanes."""

    job: int
    """The place of the job in its batch."""
    seeds: tuple[int, ...]
    rates: tuple[float, ...]
    taken: tuple[int, int]
    """How many of the seeds and rates are asked for; the rest fill lanes."""
    at: tuple[int, int]
    """The place of the first seed and rate in the job."""


def parts(job: int, seeds: Sequence[int], rates: Sequence[float], room: "Room") -> Iterator[Part]:
    """A job cut to the lanes there are; the last seed and rate are repeated where some are left."""
    for seed in range(0, len(seeds), room.seeds):
        for rate in range(0, len(rates), room.rates):
            some, few = seeds[seed : seed + room.seeds], rates[rate : rate + room.rates]
            yield Part(
                job,
                (*some, *(some[-1],) * (room.seeds - len(some))),
                (*few, *(few[-1],) * (room.rates - len(few))),
                (len(some), len(few)),
                (seed, rate),
            )


class Room(NamedTuple):
    """What runs at once: seeds and rates side by side, and programs in one device call."""

    seeds: int
    rates: int
    programs: int

    @property
    def lanes(self) -> int:
        """The runs of one program."""
        return self.seeds * self.rates


class Feeds:
    """Prepares what runs of `steps` steps take, and keeps that of the seeds used last."""

    def __init__(self, task: Task, steps: int):
        self.task = task
        self.steps = steps
        self.of = lru_cache(maxsize=8)(self._prepare)

    def _prepare(self, seeds: tuple[int, ...]) -> Feed:
        prepared = prepare(self.task, seeds, self.steps)
        order = np.ascontiguousarray(prepared.order.swapaxes(0, 1))
        numbers = np.asarray([seed % 2**32 for seed in seeds], np.uint32)
        leaves = jax.tree.leaves(prepared.params)
        return Feed(*jax.device_put((leaves, order, numbers)))
