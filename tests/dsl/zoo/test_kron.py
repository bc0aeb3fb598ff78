"""PSGD-Kron beside the library, which is handed the program's noise, and its balanced factors."""

import math
from unittest.mock import patch

import numpy as np
import pytest

from dsl.run.interpret import run_step
from dsl.run.values import initial
from dsl.zoo import ZOO
from tests.dsl.zoo.references import model, walks


@pytest.mark.torch
def test_kron_is_that_of_the_library_in_the_precision_of_its_solve():
    """Its solves are in float32, whatever the precision of the rest; here they are not."""
    torch = pytest.importorskip("torch")
    psgd = pytest.importorskip("pytorch_optimizer.optimizer.psgd")
    at = walks.settings("kron")
    steps, rates = 30, walks.rates_of(at, "decaying")

    def often(n: int):
        return torch.tensor(min(max(math.exp(-at["fall"] * (n - at["flat"])), at["least"]), 1.0))

    def solved(x, a):
        flat = x.reshape(-1, x.size(-1))
        return torch.linalg.solve_triangular(a, flat, upper=True, left=False).reshape_as(x)

    with walks.precision("float64"):
        start = model.start("float64")
        params = [torch.nn.Parameter(torch.tensor(leaf)) for leaf in start]
        optimizer = psgd.Kron(
            params,
            lr=at["lr"],
            momentum=at["b1"],
            weight_decay=at["wd"],
            pre_conditioner_update_probability=often,
            precondition_dtype=torch.float64,
            balance_prob=0.0,
        )
        group = optimizer.param_groups[0]
        path = []
        for count, batch in enumerate(model.batches("float64")[:steps]):
            leaves = [p.detach().numpy().copy() for p in params]
            for p, g in zip(params, model.as_numpy(model.gradient(leaves, batch)), strict=True):
                p.grad = torch.tensor(g)
            noise = iter(model.as_numpy(model.draw(leaves, count, "normal", 1)))
            group.update(lr=rates[count]["lr"], precondition_lr=at["pace"])
            with (
                patch.object(torch, "randn_like", lambda x, dtype, noise=noise: torch.tensor(
                    next(noise))),
                patch.object(psgd, "solve_triangular_right", solved),
            ):  # fmt: skip
                optimizer.step()
            path.append(model.flattened([p.detach().numpy() for p in params]))
        ours = walks.program_path("kron", "decaying", steps, bound=1.1)
    assert np.max(np.abs(ours - np.array(path))) <= 1e-10


def test_a_hundredth_change_balances_the_factors_and_alters_no_step():
    program, w = ZOO["kron"], [np.ones((2, 3)), np.array(2.0)]
    g, paths = [np.array([[1.0, 2, 3], [0, -1, 2]]), np.array(1.0)], []
    for scales, made in (((1.0, 1.0), 0.0), ((8.0, 0.125), 99.0)):
        slots = {slot: initial(init, w, np) for slot, init in program.slots.items()}
        slots["q"] = [tuple(s * np.eye(n) for s, n in zip(scales, (2, 3), strict=True)), ()]
        slots["made"] = np.float64(made)
        inputs = {"w": w, "g": g, "t": np.float64(1), **program.hyperparameters}
        step = walks.NumpyStep(w, None, 0)
        moves, after = run_step(program, inputs, slots, step, np)
        paths.append((moves, after["q"][0]))
    (plain, q), (balanced, same) = paths
    for move, other in zip(plain, balanced, strict=True):
        np.testing.assert_allclose(move, other, rtol=1e-10)
    for mine, other in zip(q, same, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-10, atol=1e-14)
