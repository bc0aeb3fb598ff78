"""The faults that a task of a user's own can have, each looked for before anything is trained.

Every fault is a TaskFault: one sentence that says what was met, at the line of the user's file, and
what to do. They are looked for in the order in which one would hide the next: memory, parameters,
examples, losses, derivatives.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from evaluators.data.integrity import checksum
from evaluators.measuring.ranking import SHAPE
from evaluators.own import batches
from evaluators.own.definition import PURE, definition_of
from evaluators.own.memory import available, bounded, gigabytes
from evaluators.own.parameters import COPIES
from evaluators.own.source import OwnSource
from evaluators.task import Task, prepare
from evaluators.training.compiling import compiling

LANES = SHAPE.lanes
"""Runs side by side, as in a campaign: two seeds at three rates."""
SEEDS = (0, 1, 2, 3)
_GLOBAL = (
    "make it from the key: jax.random.normal(key, ...), or np.random.default_rng(np.asarray(key))"
)


@dataclass(frozen=True)
class Soundness:
    """A task without faults. Times are in seconds on this machine.

    `definition` is a digest of all that it computes; `twice` says whether it can be differentiated
    twice, and `why_not` in words if not.
    """

    definition: str
    twice: bool
    why_not: str | None
    gradient_seconds: float
    compile_seconds: float
    bytes: int
    """Estimate of the memory of runs side by side."""


def sound(task: Task, source: OwnSource) -> Soundness:
    """Look for every fault of a task.

    **Raises:** TaskFault for the first that is found.
    """
    with bounded():
        return _Examination(task, source).made()


class _Examination:
    def __init__(self, task: Task, source: OwnSource):
        self.task = task
        self.source = source
        self.origin = source.origin

    def made(self) -> Soundness:
        self.memory_of_parameters()
        self.parameters()
        self.examples()
        with self.no_global_draws("loss", self.source.loss):
            digest = definition_of(self.task, self.source)
        if digest != definition_of(self.task, self.source):
            self.origin.fault(
                "loss", "the loss is another one whenever it is traced", PURE, at=self.source.loss
            )
        gradient, compiled, needed = self.gradient()
        twice, why_not = self.curvature()
        return Soundness(digest, twice, why_not, gradient, compiled, needed)

    def memory_of_parameters(self) -> None:
        self.check_memory(LANES * COPIES * self.source.tree.bytes(), "params", "its parameters")

    def check_memory(self, needed: int, argument: str, what: str) -> None:
        free = available()
        if free is not None and needed > free:
            self.origin.fault(
                argument,
                f"training needs about {gigabytes(needed)} for {what} ({LANES} runs side by side), "
                f"and {gigabytes(free)} of memory are free",
                "make the model smaller: a proxy task is trained thousands of times",
                at=self.source.tree.function if argument == "params" else self.source.loss,
            )

    def parameters(self) -> None:
        tree, origin = self.source.tree, self.origin
        with self.no_global_draws("params", tree.function):
            one, two = (tree.init(_rng(0)) for _ in range(2))
        if not _equal(one, two):
            origin.fault(
                "params",
                "the parameters of one key differ from call to call",
                "draw them from the key alone",
                at=tree.function,
            )
        for leaf in one:
            if not np.isfinite(leaf).all():
                origin.fault(
                    "params",
                    f"an initial parameter of shape {list(leaf.shape)} is NaN or infinite",
                    at=tree.function,
                )

    def examples(self) -> None:
        sampler, argument = self.source.sampler, self.source.examples
        loading = sampler if sampler is not None else self.source.loading
        if sampler is not None:
            keys = jax.random.split(jax.random.PRNGKey(1), 2)
            with self.no_global_draws(argument, sampler):
                one, again, other = (
                    batches.one_batch(self.origin, sampler, key) for key in (*keys[:1], *keys)
                )
            if not _equal(one, again):
                self.changed("the batch of one key differs", argument, sampler)
            if _equal(one, other):
                self.origin.fault(
                    argument,
                    "the batches of two keys are equal",
                    "draw from the key; if there is one batch only, give it as `examples`",
                    at=sampler,
                )
        with self.no_global_draws(argument, loading):
            data = self.task.data()
            again = self.source.load()
        if checksum(tuple(data)) != checksum(tuple(again)):
            self.changed("the examples differ", argument, loading)
        self.source.check(*data)

    def changed(self, what: str, argument: str, function: Any) -> None:
        self.origin.fault(
            argument,
            f"{what} from call to call",
            "fix its seed, inside of the function",
            at=function,
        )

    @contextmanager
    def no_global_draws(self, argument: str, function: Any) -> Iterator[None]:
        """TaskFault if code of the user draws from the generator that all of numpy shares."""
        before = _generator()
        yield
        if not _equal(before, _generator()):
            line = self.origin.line_of_global_draw(function)
            self.origin.fault(
                argument,
                f"`{argument}` draws from the global generator np.random, so that its "
                "values depend on what ran before",
                _GLOBAL,
                at=line if line is not None else function,
            )

    def gradient(self) -> tuple[float, float, int]:
        """Seconds of a gradient and of compiling it, bytes of runs side by side."""
        ready = prepare(self.task, SEEDS, 1)
        each = [
            jax.tree.map(lambda leaf, at=at: leaf[at], ready.params) for at in range(len(SEEDS))
        ]
        data = jax.device_put(ready.data)
        both = jax.jit(jax.value_and_grad(self.task.loss))
        index = ready.order[0, 0]
        start = time.perf_counter()
        said = compiling(f"a gradient of {self.task.name}")
        with said, self.origin.calling("loss", self.source.loss):
            compiled = both.lower(each[0], data, index).compile()
            taken = time.perf_counter() - start
            sizes = compiled.memory_analysis()
        temporary = getattr(sizes, "temp_size_in_bytes", 0)
        needed = LANES * (temporary + COPIES * sum(leaf.nbytes for leaf in each[0]))
        self.check_memory(needed, "loss", "a gradient of the loss")
        flat = True
        for at, params in enumerate(each):
            loss, gradient = compiled(params, data, ready.order[at, 0])
            self.finite(float(loss), "loss", "the loss")
            norm = float(sum(jnp.sum(jnp.square(leaf)) for leaf in gradient))
            if not np.isfinite(norm):
                self.origin.fault(
                    "loss",
                    "the gradient of fresh parameters is NaN or infinite, where the loss is "
                    f"{float(loss):.4g}",
                    "look for sqrt, log or a division at 0, also in the branch of a jnp.where that "
                    "is not taken",
                    at=self.source.loss,
                )
            flat = flat and norm == 0
        if flat:
            self.origin.fault(
                "loss",
                "the gradient of fresh parameters is 0 everywhere",
                "the loss must depend on the parameters; look for rounding, argmax, stop_gradient, "
                "or parameters that all start at 0",
                at=self.source.loss,
            )
        validate = jax.jit(self.task.validate)
        for params in each:
            with self.origin.calling("validation_loss", self.source.judged):
                found = float(validate(params, data))
            self.finite(found, "validation_loss", "the validation loss", self.source.judged)
        return _fastest(lambda: compiled(each[0], data, index)), taken, needed

    def finite(self, number: float, argument: str, what: str, function: Any = None) -> None:
        if not np.isfinite(number):
            word = "NaN" if np.isnan(number) else "infinite"
            self.origin.fault(
                argument,
                f"{what} of fresh parameters is {word}",
                "look for log, sqrt or a division at 0, and for overflow; smaller initial "
                "parameters may help",
                at=function or self.source.loss,
            )

    def curvature(self) -> tuple[bool, str | None]:
        """True if the loss can be differentiated twice; the reason if not."""
        ready = prepare(self.task, SEEDS[:1], 1)
        params = [jnp.asarray(leaf[0]) for leaf in ready.params]
        along = [
            jnp.cos(jnp.arange(leaf.size, dtype=leaf.dtype)).reshape(leaf.shape) for leaf in params
        ]
        data, index = jax.device_put(ready.data), ready.order[0, 0]
        gradient = jax.grad(lambda params: self.task.loss(params, data, index))
        try:
            found = jax.jit(lambda at: jax.jvp(gradient, (at,), (along,))[1])(params)
        except Exception as error:
            return False, " ".join(str(error).split())[:200]
        if not all(bool(jnp.isfinite(leaf).all()) for leaf in found):
            return False, "the second derivative at fresh parameters is NaN or infinite"
        return True, None


def _rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def _generator() -> Any:
    """The state of the generator that all of numpy shares."""
    _, keys, place, has_gauss, gauss = np.random.get_state()
    return [np.array(keys), np.array([place, has_gauss, gauss])]


def _equal(one: Any, other: Any) -> bool:
    leaves = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in leaves)


def _fastest(work: Callable[[], Any], times: int = 5) -> float:
    """Seconds of the fastest of a few runs."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        jax.block_until_ready(work())
        found.append(time.perf_counter() - start)
    return min(found)
