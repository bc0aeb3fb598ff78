"""APOLLO beside the library, which is handed the program's noise for its projections."""

from unittest.mock import patch

import numpy as np
import pytest

from tests.dsl.zoo.references import model, walks


@pytest.mark.torch
def test_apollo_is_that_of_the_library_with_the_same_projections():
    torch = pytest.importorskip("torch")
    library = pytest.importorskip("pytorch_optimizer")
    at, steps = walks.settings("apollo"), 30
    size, rates = round(at["size"]), walks.rates_of(at, "decaying")
    with walks.precision("float64"):
        params = [torch.nn.Parameter(torch.tensor(leaf)) for leaf in model.start("float64")]
        optimizer = library.APOLLO(
            params,
            betas=(at["b1"], at["b2"]),
            eps=at["eps"],
            weight_decay=at["wd"],
            rank=size,
            update_proj_gap=at["period"],
            scale=at["scale"],
            projection_type="std",
            foreach=False,
        )
        path = []
        for count, batch in enumerate(model.batches("float64")[:steps]):
            leaves = [p.detach().numpy().copy() for p in params]
            for p, g in zip(params, model.as_numpy(model.gradient(leaves, batch)), strict=True):
                p.grad = torch.tensor(g)
            noise = model.as_numpy(model.draw(leaves, count, "normal", 1))[2]

            def drawn(shape, noise=noise, **_):
                return torch.tensor(noise[: shape[0], : shape[1]])

            optimizer.param_groups[0]["lr"] = rates[count]["lr"]
            with patch.object(torch, "randn", drawn):
                optimizer.step()
            path.append(model.flattened([p.detach().numpy() for p in params]))
        ours = walks.program_path("apollo", "decaying", steps)
    assert np.max(np.abs(ours - np.array(path))) <= 1e-10
