"""Exported files at work on the model of the zoo's references, beside the interpreter."""

import json
import subprocess
import sys
from collections.abc import Mapping
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from dsl import PRIMITIVES, Program, to_optax
from dsl.export import to_optax_source
from dsl.export.facts import Facts
from dsl.export.names import safe
from dsl.language.registry import Scope
from dsl.run.interpret import run_step
from dsl.run.values import initial
from dsl.zoo import ENTRIES, ZOO
from tests.dsl.zoo.references.model import (
    RANKS,
    batches,
    full_loss,
    loss,
    losses,
    outputs,
    precision,
    sampled_loss,
    start,
)
from tests.support.everyday import EVERYDAY, SAMPLE
from tests.support.odd_programs import ODD

HORIZON = 200
SEED = 3

QUICKLY = {"xla_backend_optimization_level": 0}
"""A step runs fifty times: optimizing it, or calling it op by op, takes longer than running it."""

value_and_gradient = jax.jit(jax.value_and_grad(loss))
_loss = jax.jit(loss)


SETTLED = {
    **dict.fromkeys(("galore", "natural_galore", "natural_galore_tucker", "fira"), (2,)),
    "lion_k_nuclear": (2,),
    "looksam": (1, 2, 3, 4),
}
"""The ranks that some rules are compared on. They step along eigenvectors of a matrix that is
singular for others; there those are some basis of a space, and every library has its own. LookSAM
scales what of a number's gradient is at right angles to it, which is rounding."""

STEEP = {"m_fac": 1e-7}
"""The distance by which the paths of some rules may part in float64, where rounding is of more
account than in others: M-FAC divides what is left of a difference by 1e-5. In float32 they are
not compared."""


def ranks_of(program: Program) -> tuple[int, ...]:
    """The ranks that a rule is compared on."""
    return SETTLED.get(program.name, RANKS)


def begin(program: Program, dtype: str) -> list[np.ndarray]:
    """The parameters before the first step: where the zoo's comparison of the rule begins."""
    entry = ENTRIES.get(program.name)
    return start(dtype, ranks_of(program), near=entry.reference.near if entry else 1.0)


def decaying(name: str) -> Program:
    """A rule of the zoo with weight decay on, if it has any."""
    program = ZOO[name]
    on = {"wd": 0.125} if "wd" in program.hyperparameters else {}
    return program.with_hyperparameters(**on)


RULES = {**{name: decaying(name) for name in ZOO}, **ODD}
"""The rules that exported files are compared on: the zoo, and programs that it does not hold."""

QUICK = EVERYDAY | {"adafactor", "shampoo", "m_fac"} | ODD.keys() - {"noisy", "lazy"}
"""Rules that are walked in every test run; the others are slow tests."""


TO_LINT = [
    pytest.param(SAMPLE | ODD.keys(), id="sample"),
    pytest.param(RULES.keys() - SAMPLE - ODD.keys(), id="the others", marks=pytest.mark.slow),
]
"""Rules whose exported files are handed to ruff in one go."""


def walks() -> list[Any]:
    """Rule and dtype of each walk."""
    slow = pytest.mark.slow
    cases = [pytest.param(name, "float64", marks=[] if name in QUICK else [slow]) for name in RULES]
    for name in sorted(QUICK & set(ZOO)):
        if _is_plain(ZOO[name]) and name not in STEEP:
            cases.append(pytest.param(name, "float32", marks=[] if name == "adamw" else [slow]))
    return cases


def _is_plain(program: Program) -> bool:
    """True if a rule neither draws noise nor asks an oracle nor chooses."""
    facts = Facts.of(program)
    lazy = any(PRIMITIVES[statement.op].lazy for statement in program.statements)
    return not (lazy or facts.noisy or facts.oracles)


def loaded(source: str) -> dict[str, Any]:
    """The names of an exported file, run where nothing else is."""
    namespace: dict[str, Any] = {"__name__": "exported"}
    exec(compile(source, "exported.py", "exec"), namespace)
    return namespace


def asked(batch: Any) -> dict[str, Any]:
    """The functions that oracles ask of the caller of an Optax optimizer."""
    return {
        "value_fn": lambda at: loss(at, batch),
        "losses_fn": lambda at: losses(at, batch),
        "full_fn": full_loss,
        "sampled_fn": lambda at, key: sampled_loss(at, batch, key),
        "outputs_fn": lambda at: outputs(at, batch),
    }


def extra(program: Program) -> dict[str, Any]:
    """The arguments that the constructors need besides hyperparameters."""
    facts = Facts.of(program)
    horizon = {"horizon": HORIZON} if "T" in facts.reads else {}
    return {**horizon, **({"seed": SEED} if facts.noisy else {})}


def optax_walk(
    program: Program, optimizer: optax.GradientTransformationExtraArgs, dtype: str
) -> np.ndarray:
    """The parameters after every step of a program's optimizer, one row each."""
    with precision(dtype):
        leaves = [jnp.asarray(leaf) for leaf in begin(program, dtype)]
        state = optimizer.init(leaves)

        @partial(jax.jit, compiler_options=QUICKLY)
        def step(value, grads, leaves, state, batch):
            moves, state = optimizer.update(
                grads, state, leaves, value=value, **asked(batch), unknown=1
            )
            return optax.apply_updates(leaves, moves), state

        rows = []
        for batch in batches(dtype, ranks_of(program)):
            value, grads = value_and_gradient(leaves, batch)
            leaves, state = step(value, grads, leaves, state, batch)
            rows.append(np.concatenate([np.ravel(leaf) for leaf in leaves]))
        return np.stack(rows)


def interpreted(program: Program, dtype: str) -> np.ndarray:
    """The path of the interpreter."""
    horizon = HORIZON if "T" in Facts.of(program).reads else None
    return _interpreted(program, dtype, horizon)


@cache
def _interpreted(program: Program, dtype: str, horizon: int | None) -> np.ndarray:
    optimizer = to_optax(program, seed=SEED, horizon=horizon)
    return optax_walk(program, optimizer, dtype)


def optax_optimizer(program: Program, **changed: Any) -> optax.GradientTransformationExtraArgs:
    """The exported Optax optimizer."""
    return loaded(to_optax_source(program))[safe(program.name)](**extra(program), **changed)


def apart(path: np.ndarray, other: np.ndarray) -> float:
    """The largest difference of two paths, as a part of the largest movement."""
    moved = np.max(np.abs(other - other[0])) + 1e-12
    return float(np.max(np.abs(path - other)) / moved)


def moves_of_interpreter(
    program: Program,
    gradients: list[list[np.ndarray]],
    w: list[np.ndarray],
    batch: tuple[np.ndarray, np.ndarray] | None = None,
) -> list[list[np.ndarray]]:
    """The tensors subtracted on each step, in float64, with the parameters held at `w`.

    The loss and what oracles answer are those of a batch, the first of the model's if none is
    given. The tensors are worked out in NumPy, which compiles nothing, unless the program asks for
    noise or for an oracle.
    """
    batch = batch or batches("float64")[0]
    if any(PRIMITIVES[statement.op].scope is Scope.STEP for statement in program.statements):
        return _moves(*_interpreter(program), gradients, w, batch)
    with precision("float64"):
        loss = np.asarray(_loss([jnp.asarray(leaf) for leaf in w], batch))
    slots = {name: initial(init, w, np) for name, init in program.slots.items()}
    found = []
    for t, grads in enumerate(gradients, 1):
        given = {"w": w, "g": grads, "t": np.float64(t), "T": HORIZON, "loss": loss}
        with np.errstate(all="ignore"):
            moves, slots = run_step(program, {**given, **program.hyperparameters}, slots, None, np)
        found.append([np.asarray(move) for move in moves])
    return found


def moves_of_optax(
    program: Program, gradients: list[list[np.ndarray]], w: list[np.ndarray]
) -> list[list[np.ndarray]]:
    """The same of the exported Optax optimizer."""
    return _moves(*_optax_file(program), gradients, w, batches("float64")[0])


@lru_cache(maxsize=1)
def _interpreter(program: Program) -> tuple[Any, Any]:
    return _with_compiled_update(to_optax(program, seed=SEED, **horizon_of(program)))


@lru_cache(maxsize=1)
def _optax_file(program: Program) -> tuple[Any, Any]:
    return _with_compiled_update(optax_optimizer(program))


def _with_compiled_update(optimizer: Any) -> tuple[Any, Any]:
    """The optimizer, and its update on a batch, compiled once for several streams."""

    @partial(jax.jit, compiler_options=QUICKLY)
    def update(grads: Any, state: Any, leaves: Any, value: Any, batch: Any) -> Any:
        return optimizer.update(grads, state, leaves, value=value, **asked(batch))

    return optimizer, update


def horizon_of(program: Program) -> dict[str, int]:
    """The horizon, for a program that reads it."""
    return {"horizon": HORIZON} if "T" in Facts.of(program).reads else {}


def _moves(
    optimizer: Any,
    compiled: Any,
    gradients: list[list[np.ndarray]],
    w: list[np.ndarray],
    batch: tuple[np.ndarray, np.ndarray],
) -> list[list[np.ndarray]]:
    """One step runs op by op, which is quicker than to compile it."""
    with precision("float64"):
        leaves = [jnp.asarray(leaf) for leaf in w]
        state = optimizer.init(leaves)
        value = _loss(leaves, batch)
        found = []
        for grads in gradients:
            at = [jnp.asarray(g) for g in grads], state, leaves
            if len(gradients) == 1:
                moves, state = optimizer.update(*at, value=value, **asked(batch))
            else:
                moves, state = compiled(*at, value, batch)
            found.append([-np.asarray(move) for move in moves])
        return found


def check_with_pyright(folder: Path, sources: Mapping[str, str]) -> None:
    """Exported files have the types that they state, by pyright's own rules."""
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
    rules = {"typeCheckingMode": "standard"}
    (folder / "pyrightconfig.json").write_text(json.dumps(rules), encoding="utf-8")
    checker = Path(sys.executable).with_name("basedpyright")
    command = [checker, "--pythonpath", sys.executable, "--level", "error", "--project", folder]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def check_with_ruff(folder: Path, sources: Mapping[str, str]) -> None:
    """Exported files are formatted and free of lint by ruff's own rules and ours."""
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
    common = ["--isolated", "--no-cache", "--line-length", "100"]
    for command in (["format", "--diff"], ["check"], ["check", "--select", "E,F,I,UP,B,SIM"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *common, str(folder)],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
