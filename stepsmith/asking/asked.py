"""A rule to train with: one program at one rate on one task, for a few seeds."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from dsl.export.facts import Facts
from dsl.export.names import camel_case
from dsl.program import Program
from evaluators.task import OutsideRuns
from stepsmith.errors import UsageError

Told: TypeAlias = float | Sequence[float | None] | None
"""The loss of one run: that at the end, or one for each checkpoint; None where there is none."""


@dataclass(frozen=True)
class Asked:
    """Train a fresh model for each of `seeds` with `program`, and tell the validation losses.

    A run takes `steps` steps; a seed means the same start and the same batches for every rule.
    Losses are told as one number, that after the last step, or as one for each of `checkpoints`,
    the last of which lies a few steps beyond: so no rule wins by being good for exactly the
    horizon. `id` is the same in every process.
    """

    id: str
    task: str
    program: Program
    """With the rate to train at as the default of `lr`."""
    steps: int
    checkpoints: tuple[int, ...]
    seeds: tuple[int, ...]

    @property
    def rate(self) -> float | None:
        """The learning rate; None for a rule without one."""
        return self.program.hyperparameters.get("lr")

    def optax(self, seed: int = 0) -> Any:
        """The rule as an `optax.GradientTransformationExtraArgs`; `seed` is for its own noise, if
        it draws any. A rule that reads the loss takes it as `update(..., value=loss)`."""
        from dsl.run.optax import to_optax

        return to_optax(self.program, seed=seed, horizon=self.steps)

    def torch(self, params: Any, seed: int = 0) -> Any:
        """The rule as a `torch.optim.Optimizer` of parameters. A rule that reads the loss takes it
        from the closure of `step(closure)`."""
        namespace: dict[str, Any] = {"__name__": f"rule_{self.id}"}
        exec(compile(self.source("torch"), f"rule_{self.id}.py", "exec"), namespace)
        facts = Facts.of(self.program)
        more = {"horizon": self.steps} if "T" in facts.reads else {}
        more |= {"seed": seed} if facts.noisy else {}
        return namespace[camel_case(self.program)](params, **more)

    def source(self, host: str) -> str:
        """The text of a file for a host: `optax`, `torch`."""
        from dsl.errors import did_you_mean
        from dsl.export import HOSTS

        if host not in HOSTS:
            raise UsageError(f"unknown host '{host}'{did_you_mean(host, HOSTS)}")
        return HOSTS[host].to_source(self.program)


def asked_of(runs: OutsideRuns, seeds: Sequence[int]) -> Asked:
    """The rule of some runs as it is asked, for those seeds that nothing was told of."""
    text = f"{runs.program.digest} {runs.task} {runs.steps} {list(seeds)}"
    number = hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
    return Asked(number, runs.task, runs.program, runs.steps, runs.checkpoints, tuple(seeds))


def losses_of(asked: Asked, told: Mapping[int, Told]) -> dict[int, tuple[float, ...]]:
    """The losses at the checkpoints by seed; NaN where a run has none, which counts as diverged.

    **Raises:** UsageError for seeds that were not asked, and numbers that are none.
    """
    if not isinstance(told, Mapping):
        raise UsageError(f"rule {asked.id}: wanted losses by seed, met {type(told).__name__}")
    told, given = {_seed(seed): losses for seed, losses in told.items()}, len(told)
    if len(told) < given:
        raise UsageError(f"rule {asked.id}: a seed is told twice, as a number and as a text")
    others = [seed for seed in told if seed not in asked.seeds]
    if others:
        raise UsageError(
            f"rule {asked.id} was asked with {_counted(asked.seeds)}, met {_counted(others)}"
        )
    return {seed: _one(asked, told.get(seed)) for seed in asked.seeds}


def _seed(given: Any) -> Any:
    """A seed that JSON has made a text, as the number it is."""
    return int(given) if isinstance(given, str) and given.isdecimal() else given


def _one(asked: Asked, told: Any) -> tuple[float, ...]:
    """The losses of one run at the checkpoints."""
    wanted = f"{', '.join(map(str, asked.checkpoints))}"
    single = None if told is None else _number(told)
    if told is None or single is not None:
        given = [single] * len(asked.checkpoints)
    elif isinstance(told, list | tuple) or getattr(told, "ndim", 0) == 1:
        given = [None if each is None else _number(each) for each in told]
        if any(n is None and each is not None for each, n in zip(told, given, strict=True)):
            raise UsageError(f"rule {asked.id}: wanted numbers for losses, met {told!r}")
    else:
        raise UsageError(f"rule {asked.id}: wanted a number for a loss, met {told!r}")
    if len(given) != len(asked.checkpoints):
        raise UsageError(
            f"rule {asked.id}: wanted one loss, or one after each of the steps {wanted}, met "
            f"{len(given)}"
        )
    return tuple(math.nan if each is None or not math.isfinite(each) else each for each in given)


def _number(value: Any) -> float | None:
    """A number of Python, NumPy, JAX or PyTorch, an array of one among them; None for another
    value."""
    if isinstance(value, str | bytes | bool | list | tuple):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError):
        return None


def _counted(seeds: Sequence[int]) -> str:
    return f"the seed{'' if len(seeds) == 1 else 's'} {', '.join(map(repr, seeds))}"
