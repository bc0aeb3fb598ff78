"""Exported PyTorch optimizers on parameters of which several processes hold parts (FSDP2)."""

import subprocess
import sys

import pytest

from dsl.export.facts import Facts
from dsl.export.torch.parameters import needs_closure
from dsl.language.registry import PRIMITIVES
from tests.support.everyday import EVERYDAY
from tests.support.exporting import RULES

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch]

IN_PARTS = [n for n, rule in RULES.items() if not Facts.of(rule).oracles or Facts.of(rule).of_parts]
"""Rules that can be asked on a part of the batch."""
DRAWN = {n for n in IN_PARTS if any(s.op == "sampled_grad" for s in RULES[n].statements)}
"""Rules that draw labels, which every process does for its own part."""
BENT = {"soap", "splus", "galore", "fira", "natural_galore", "natural_galore_tucker"}
"""Rules that go along eigenvectors, which rounding turns where eigenvalues are close: here every
process has the whole batch, so that gradients are those of one process bit for bit."""
OFTEN = {
    *("prodigy", "novograd", "adafactor", "muon", "traded", "noisy", "clipped", "shampoo", "soap"),
    *("adahessian", "sam", "sps_max", "dp_sgd", "adamw_8bit", "mars_lion_exact", "deepzero_cge"),
    *("riemannian_adam_poincare", "consensus_based_optimization", "schedule_free_adamw"),
}
DAILY = (EVERYDAY | OFTEN) & {*IN_PARTS}


def run(world, folder, names, *options):
    """Run all processes; the outputs of those that failed."""
    command = [sys.executable, "-m", "tests.support.sharded"]
    started = [
        subprocess.Popen(
            [*command, str(rank), str(world), str(folder), *options, *sorted(names)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(world)
    ]
    try:
        outputs = [each.communicate(timeout=900)[0] for each in started]
    finally:
        for each in started:
            each.kill()
    return [output for each, output in zip(started, outputs, strict=True) if each.returncode]


@pytest.mark.parametrize(
    ("world", "names", "options"),
    [
        pytest.param(2, DAILY - BENT - DRAWN, [], id="two processes"),
        pytest.param(2, DAILY & BENT, ["--alike"], id="one batch"),
        pytest.param(
            4,
            {"adahessian", "shampoo", "adamw_8bit", "sps_max"},
            [],
            id="four",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            2, {*IN_PARTS} - DAILY - BENT - DRAWN, [], id="the others", marks=pytest.mark.slow
        ),
        pytest.param(2, BENT - DAILY, ["--alike"], id="others", marks=pytest.mark.slow),
        pytest.param(1, DRAWN, [], id="drawn labels", marks=pytest.mark.slow),
    ],
)
def test_shards_move_as_the_whole(world, names, options, tmp_path):
    from tests.support.sharded import walk

    assert not run(world, tmp_path, names, *options)
    for name in sorted(names):
        for backward in (True, False) if needs_closure(Facts.of(RULES[name])) else (True,):
            found, wanted = torch.load(tmp_path / f"{name}-{backward}.pt"), walk(name)
            torch.testing.assert_close(found, wanted, rtol=1e-7, atol=1e-10, msg=name)


OF_GRADIENTS = (
    {n for n in IN_PARTS if not needs_closure(Facts.of(RULES[n]))}
    - DRAWN
    - {*(n for n in IN_PARTS if Facts.of(RULES[n]).oracles)}
)
"""Rules that read gradients alone."""
COLUMNS = {"adamw", "adan", "lookahead_sgd", "adamw_clipped_by_global_norm", "muon", "novograd"}


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(COLUMNS, id="sample"),
        pytest.param(OF_GRADIENTS - COLUMNS, id="the others", marks=pytest.mark.slow),
    ],
)
def test_columns_move_as_the_whole_one_by_one_and_at_once(names, tmp_path):
    from tests.support.sharded import at_once, drawn

    assert not run(2, tmp_path, names, "--columns")
    for name in sorted(names):
        for foreach in (False, True) if at_once(name) else (False,):
            found, wanted = torch.load(tmp_path / f"{name}-{foreach}.pt"), drawn(name)
            torch.testing.assert_close(found, wanted, rtol=1e-7, atol=1e-10, msg=name)


@pytest.mark.slow
def test_processes_draw_labels_of_their_own(tmp_path):
    from tests.support.sharded import walk

    assert not run(2, tmp_path, {"sophia_g"}, "--alike")
    found = torch.load(tmp_path / "sophia_g-True.pt")
    assert torch.isfinite(found).all()
    assert not torch.allclose(found, walk("sophia_g"), rtol=1e-6)


@pytest.mark.slow
def test_rules_that_need_the_whole_batch_refuse_a_part(tmp_path):
    asking = {name for name in RULES if name not in IN_PARTS}
    assert {s.op for n in asking for s in RULES[n].statements} & {"gauss_newton_solve"}
    for name in sorted(asking):
        outputs = run(1, tmp_path / name, {name})
        assert "train it with whole parameters" in outputs[0], name


@pytest.mark.slow
def test_a_closure_that_does_not_call_the_model_says_so(tmp_path):
    outputs = run(1, tmp_path, {"adahessian"}, "--before")
    assert "let the closure, or what else `step` is given, call the model" in outputs[0]


def test_of_parts_says_what_holds_for_oracles():
    claimed = {n for n, p in PRIMITIVES.items() if p.oracle and not p.oracle.of_parts}
    assert claimed == {"gauss_newton_solve"}
