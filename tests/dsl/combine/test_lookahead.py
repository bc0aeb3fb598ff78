"""Slow parameters that a program's are drawn back to."""

import numpy as np
import pytest

from dsl import parse
from dsl.combine import lookahead
from dsl.run.fingerprint import respond
from dsl.zoo import ZOO
from tests.dsl.zoo.references import model, walks


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_at_a_period_of_one_it_shortens_every_step(name):
    half = lookahead(ZOO[name], period=1, alpha=0.5)
    rate = ZOO[name].hyperparameters["lr"]
    short = respond(ZOO[name].with_hyperparameters(lr=rate / 2))
    np.testing.assert_allclose(respond(half), short, rtol=1e-10, atol=1e-13)


def test_parameters_lose_what_they_gained_where_the_slow_ones_stay():
    made = lookahead(parse("def rule(w, g):\n    return 1 + 0 * g"), period=3, alpha=0)
    way = np.cumsum(respond(made), axis=0)[:6]
    np.testing.assert_allclose(way, np.outer([1, 2, 0, 1, 2, 0], np.ones(way.shape[1])), atol=1e-12)


@pytest.mark.torch
def test_lookahead_of_adam_is_that_of_pytorch_optimizer():
    torch = pytest.importorskip("torch")
    library = pytest.importorskip("pytorch_optimizer")
    name = "lookahead_adam"
    at = walks.settings(name)
    ours = walks.program_path(name, "constant")
    with model.precision("float64"):
        params = [torch.nn.Parameter(torch.tensor(leaf)) for leaf in model.start("float64")]
        base = torch.optim.Adam(
            params, at["lr"], (at["b1"], at["b2"]), at["eps"], weight_decay=at["wd"]
        )
        optimizer = library.Lookahead(base, k=int(at["period"]), alpha=at["alpha"])
        for batch, wanted in zip(model.batches("float64"), ours, strict=True):
            leaves = [p.detach().numpy() for p in params]
            for p, g in zip(params, model.as_numpy(model.gradient(leaves, batch)), strict=True):
                p.grad = torch.tensor(g)
            optimizer.step()
            found = model.flattened([p.detach().numpy() for p in params])
            np.testing.assert_allclose(wanted[: found.size], found, atol=1e-12)
            optimizer.backup_and_load_cache()  # the slow weights, which are what is evaluated
            slow = model.flattened([p.detach().numpy() for p in params])
            np.testing.assert_allclose(wanted[found.size :], slow, atol=1e-12)
            optimizer.clear_and_load_backup()
