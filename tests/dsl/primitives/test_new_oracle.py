"""A declaration is all that a further oracle takes: the one here exists in this file alone."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax
import pytest

from dsl import PRIMITIVES, fingerprint, parse, to_optax
from dsl.export import to_latex, to_torch_source
from dsl.language.registry import oracle
from dsl.language.sources import LOSS
from dsl.rewrite.oracle_calls import calls_text
from dsl.run.machine import DoesNotFit, Layout, Machine
from evaluators.registry import get
from evaluators.training.batches import TrainingRequest
from evaluators.training.choice import Engine
from evaluators.training.trainer import Trainer
from tests.support import exporting, exporting_torch

TEXT = "def rule(w, g, *, lr=0.1):\n    return (g + far_slope(0.5 * w, 3)) * lr"


def _far_slope(value_fn: Callable[..., Any], params: Any, point: Any, k: Any) -> Any:
    """The gradient at `k` times `point`."""
    far = jax.tree.map(lambda leaf: k * leaf, point)
    return jax.grad(value_fn)(optax.tree.cast_like(far, params))


@pytest.fixture
def program():
    @oracle(
        "Tensor, Global -> Tensor",
        LOSS,
        costs="1 gradient",
        latex=r"\nabla f({k}\,{point})",
        jax=_far_slope,
        torch="self._far_slope(closure, ready, {point}, {k})",
        methods='''
    def _far_slope(
        self, closure: Callable[[], Any], ready: list[Any], point: list[Any], k: float
    ) -> list[Any]:
        """The gradient at `k` times `point`."""
        return self._grad_at(closure, ready, [k * part for part in point])
''',
    )
    def far_slope(f, point, k):
        """The gradient far out."""
        return f.grad_at([k * part for part in point])

    yield parse(TEXT)
    del PRIMITIVES["far_slope"]


def test_a_new_oracle_runs_and_is_exported_like_one_of_ours(program):
    known = parse("def rule(w, g, *, lr=0.1):\n    return (g + grad_at(1.5 * w)) * lr")
    wanted = exporting.interpreted(known, "float64")
    walk = exporting.optax_walk(program, to_optax(program), "float64")
    np.testing.assert_allclose(walk, wanted, rtol=1e-12)
    exported = exporting.optax_walk(program, exporting.optax_optimizer(program), "float64")
    np.testing.assert_allclose(exported, wanted, rtol=1e-12)
    assert fingerprint(program) == fingerprint(known)
    assert r"\nabla f(3\," in to_latex(program)
    assert calls_text(program) == "1 gradient"


@pytest.mark.torch
def test_its_torch_file_holds_its_method_and_what_that_calls(program):
    source = to_torch_source(program)
    for method in ("_far_slope", "_grad_at", "_elsewhere"):
        assert source.count(f"def {method}(") == 1
    known = parse("def rule(w, g, *, lr=0.1):\n    return (g + grad_at(1.5 * w)) * lr")
    walk = exporting_torch.torch_walk(program, exporting_torch.torch_class(program), "float64")
    np.testing.assert_allclose(walk, exporting.interpreted(known, "float64"), rtol=1e-12)


def test_a_machine_carries_it_and_the_compiled_engine_runs_it_where_none_does(program):
    task = get("quadratic")
    job = TrainingRequest(program, [0, 1], [0.01])
    carrying = Trainer(task, 20, ("add", "mul", "far_slope"), engine=Engine.MACHINE)
    losses = carrying.run_batch([job])[0][0]
    without = Trainer(task, 20, ("add", "mul"))
    assert without.engine_for(job) is Engine.COMPILED
    for met, wanted in zip(losses, without.run_batch([job])[0][0], strict=True):
        np.testing.assert_allclose(met.losses, wanted.losses, rtol=1e-5)
    with pytest.raises(DoesNotFit):
        Machine(Layout.of([np.zeros(2)]), ("add", "mul")).encode(program)
