"""Exported PyTorch optimizers on parameters of which several processes hold parts (FSDP2)."""

import subprocess
import sys

import pytest

from dsl.export.facts import Facts
from tests.support.everyday import EVERYDAY
from tests.support.exporting import RULES

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch]

IN_MATRICES = {
    *("asgo", "galore", "lion_k_nuclear", "m_fac", "mars_shampoo_exact", "natural_galore"),
    *("natural_galore_tucker", "opt_amsgrad", "shampoo", "soap", "subset_norm_subspace_momentum"),
    *("subspace_momentum", "adashift", "apollo", "conda", "dash", "fira", "kron", "splus"),
}
"""Rules that take a matrix apart, or keep several: PyTorch refuses to mix those with shards."""
CODED = {"adamw_8bit", "lion_8bit", "momentum_8bit"}
"""Rules that round to codes of a table, which PyTorch does not search for shards."""
ALONG = {"riemannian_adam_poincare", "riemannian_amsgrad_poincare"}
"""Rules that sum along the axis that is cut where the parameter is a vector."""
SHARDED = [
    name
    for name, rule in RULES.items()
    if not Facts.of(rule).sources and name not in IN_MATRICES | CODED | ALONG
]
DAILY = (EVERYDAY | {"prodigy", "novograd", "adafactor", "muon", "traded", "noisy", "clipped"}) & {
    *SHARDED
}


def run(world, folder, names):
    """Run all processes; the outputs of those that failed."""
    command = [sys.executable, "-m", "tests.support.sharded"]
    started = [
        subprocess.Popen(
            [*command, str(rank), str(world), str(folder), *sorted(names)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(world)
    ]
    try:
        outputs = [each.communicate(timeout=600)[0] for each in started]
    finally:
        for each in started:
            each.kill()
    return [output for each, output in zip(started, outputs, strict=True) if each.returncode]


@pytest.mark.parametrize(
    ("world", "names"),
    [
        pytest.param(2, DAILY, id="two processes"),
        pytest.param(2, set(SHARDED) - DAILY, id="the others", marks=pytest.mark.slow),
    ],
)
def test_shards_move_as_the_whole(world, names, tmp_path):
    from tests.support.sharded import walk

    assert not run(world, tmp_path, names)
    for name in sorted(names):
        found, wanted = torch.load(tmp_path / f"{name}.pt"), walk(name)
        torch.testing.assert_close(found, wanted, rtol=1e-7, atol=1e-10, msg=name)


@pytest.mark.slow
def test_rules_that_ask_for_derivatives_refuse_shards(tmp_path):
    asking = {name for name in ("adahessian", "sam", "sharpness")}
    (output,) = run(1, tmp_path, asking)
    assert "AdaHessian asks for derivatives of the loss, which sharded parameters" in output
