"""Training that is asked for, and its runs cut into batches of lanes for a device call.

A lane is one run: a seed at a rate. Plain data; nothing here imports JAX.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dsl.program import Program


class TrainingRequest(NamedTuple):
    """Runs of one program: from every seed at every rate.

    `rates` are values of the hyperparameter `lr`, its default alone if None; `thresholds` holds a
    loss for each checkpoint above which a run is pruned, None to prune no run. `steps` is the
    horizon, at most the trainer's and that if None; checkpoints keep their part of it.
    """

    program: Program
    seeds: Sequence[int]
    rates: Sequence[float] | None = None
    thresholds: Sequence[float] | None = None
    steps: int | None = None


class RunLength(NamedTuple):
    """The length of a run: `stages` are its checkpoints and a last step past them, `horizon` is
    what a program reads as `T`."""

    stages: tuple[int, ...]
    horizon: int


class BatchShape(NamedTuple):
    """Runs that go side by side: seeds and rates of a program, and programs in a device call."""

    seeds: int
    rates: int
    programs: int

    @property
    def lanes(self) -> int:
        """The runs of one program."""
        return self.seeds * self.rates


class LaneBatch(NamedTuple):
    """The part of a request that fills the lanes of one program in one device call."""

    request: int
    """The place of the request in its batch."""
    seeds: tuple[int, ...]
    rates: tuple[float, ...]
    taken: tuple[int, int]
    """Seeds and rates that are asked for; the rest repeat the last one to fill lanes."""
    start: tuple[int, int]
    """The places of the first seed and rate in the request."""


def lane_batches(
    request: int, seeds: Sequence[int], rates: Sequence[float], shape: BatchShape
) -> Iterator[LaneBatch]:
    """A request cut to a shape; where seeds or rates run out, the last is repeated."""
    for seed in range(0, len(seeds), shape.seeds):
        for rate in range(0, len(rates), shape.rates):
            some = tuple(seeds[seed : seed + shape.seeds])
            few = tuple(rates[rate : rate + shape.rates])
            yield LaneBatch(
                request=request,
                seeds=some + some[-1:] * (shape.seeds - len(some)),
                rates=few + few[-1:] * (shape.rates - len(few)),
                taken=(len(some), len(few)),
                start=(seed, rate),
            )
