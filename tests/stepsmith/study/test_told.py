"""Studies that are told losses: the losses decide everything, the order of telling nothing."""

import gc
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dsl.zoo import ZOO
from evaluators.own.outside import declare
from evaluators.training.batches import BatchShape, TrainingRequest
from evaluators.training.outside import OutsideTrainer
from evaluators.training.trainer import Unfit
from search.errors import LedgerError
from search.ledger import FILE, Ledger
from stepsmith.errors import UsageError
from tests.support.commands import run
from tests.support.studies import MINE, content, finish, study, told

ROOT = Path(__file__).resolve().parents[3]


def test_the_order_of_telling_changes_nothing(whole, tmp_path):
    with study(tmp_path) as asking:
        while batch := asking.ask():
            for rule in reversed(batch):
                asking.tell(rule.id, told(rule))
    assert content(tmp_path) == content(whole)


def test_the_process_keeps_its_garbage_collector(tmp_path):
    before = gc.get_threshold()
    with study(tmp_path / "run") as asking:
        assert asking.ask() and gc.get_threshold() == before
    assert gc.get_threshold() == before


def test_after_an_end_what_was_not_told_is_asked_again(whole, tmp_path):
    counted = 0
    for stop in (0, 1, 7, 11, 1000):
        with study(tmp_path) as asking:
            batch = asking.ask()
            while batch and stop:
                asking.tell(batch[0], told(batch[0]))
                stop, counted, batch = stop - 1, counted + 1, asking.ask()
            left = [rule.id for rule in batch]
        with study(tmp_path) as asking:
            assert [rule.id for rule in asking.ask()] == left
    assert content(tmp_path) == content(whole)
    journal = [json.loads(line) for line in (whole / "told.jsonl").read_text().splitlines()]
    again = (tmp_path / "told.jsonl").read_text().splitlines()
    assert len(again) == len(journal), "nothing is asked twice"
    assert counted < len(journal)  # a rule has two seeds


def test_what_reads_a_run_reads_it(whole):
    script = "from stepsmith.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "status", str(whole)],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and "complete" in done.stdout, done.stderr
    found = Ledger.read(whole / FILE)
    assert found.problems == {"my_problem": {"untrained": 2.0, "floor": 0.0}}
    found.close()
    status, out, _ = run("top", whole, "--csv", "--limit", "1")
    assert status == 0
    best = out.splitlines()[1].split(",")[1]
    status, out, _ = run("show", f"{whole}:{best}")
    assert status == 0 and "# my_problem" in out


@pytest.mark.parametrize("bad", [math.nan, math.inf, None, "left out", [0.1, math.nan, 0.1]])
def test_a_run_without_a_loss_has_diverged(bad, tmp_path):
    def tell(rule):
        if "sqrt" in {s.op for s in rule.program.statements}:
            return told(rule)
        return {} if bad == "left out" else {rule.seeds[0]: bad, rule.seeds[-1]: 0.5}

    finish(tmp_path, tell, budget={"candidates": 4})
    ledger = Ledger.read(tmp_path / FILE)
    rows = {row.candidate.number: row.verdict for row in ledger.rows()}
    ledger.close()
    assert rows[0].outcome == "ok"
    assert rows[1].outcome == rows[2].outcome == "non_finite"
    first = rows[1].evaluation.measurements[0]
    assert (first.outcome, first.loss, first.score) == ("non_finite", None, -1)


def test_numbers_of_any_library_are_losses(tmp_path):
    torch = pytest.importorskip("torch")
    with study(tmp_path) as asking:
        first = asking.ask()[0]
        asking.tell(first, {seed: torch.tensor(0.5) for seed in first.seeds})
        first = asking.ask()[0]
        asking.tell(first, {seed: np.array([0.9, 0.5, 0.5]) for seed in first.seeds})
    lines = (tmp_path / "told.jsonl").read_text().splitlines()
    losses = [json.loads(line)["losses"] for line in lines]
    assert losses == [[0.5, 0.5, 0.5], [0.9, 0.5, 0.5]]


def test_a_rule_comes_in_the_form_of_every_host(tmp_path):
    with study(tmp_path) as asking:
        rule = asking.ask()[0]
    assert rule.rate == rule.program.hyperparameters["lr"] and rule.steps == 60
    assert rule.checkpoints == (20, 60, 63)
    assert "GradientTransformationExtraArgs" in rule.source("optax")
    assert "torch.optim" in rule.source("torch") or "Optimizer" in rule.source("torch")
    assert rule.optax().init is not None
    with pytest.raises(UsageError, match="unknown host 'torhc'; did you mean 'torch'?"):
        rule.source("torhc")


@pytest.mark.torch
def test_the_optimizer_trains_at_the_rate_that_is_asked(tmp_path):
    torch = pytest.importorskip("torch")
    with study(tmp_path, start=["sgd"], baseline={"rule": "sgd", "evaluations": 2}) as asking:
        rule = asking.ask()[0]
    p = torch.nn.Parameter(torch.ones(3))
    p.grad = torch.ones(3)
    rule.torch([p]).step()
    np.testing.assert_allclose(p.detach().numpy(), 1 - rule.rate, rtol=1e-6)


def test_a_cut_line_is_left_out_and_a_wrong_one_refused(whole, tmp_path):
    lines = (whole / "told.jsonl").read_bytes().splitlines(keepends=True)
    tmp_path.joinpath("told.jsonl").write_bytes(b"".join(lines[:9]) + lines[9][:20])
    assert finish(tmp_path) == content(whole)
    assert (tmp_path / "told.jsonl").read_bytes() == (whole / "told.jsonl").read_bytes()
    other = tmp_path / "other"
    other.mkdir()
    other.joinpath("told.jsonl").write_bytes(b"{}\n")
    with pytest.raises(LedgerError, match="line 1: not the losses"):
        study(other)


def test_the_trainer_asks_for_all_at_once_and_gives_runs_by_rate_and_seed():
    asked = []

    def train(runs):
        asked.append([(each.program.hyperparameters["lr"], each.seeds) for each in runs])
        rates = [each.program.hyperparameters["lr"] for each in runs]
        return [[(rate, rate + seed, math.nan) for seed in (1, 2)] for rate in rates]

    trainer = OutsideTrainer(declare(MINE, train), 60, BatchShape(2, 2, 2))
    found = trainer.run_batch(
        [
            TrainingRequest(ZOO["sgd"], (1, 2), (0.25, 0.5)),
            TrainingRequest(ZOO["sam"], (1, 2)),
            TrainingRequest(ZOO["lion"], (1, 2), (1.0,)),
        ]
    )
    assert asked == [[(0.25, (1, 2)), (0.5, (1, 2)), (1.0, (1, 2))]]
    first, unfit, last = found
    assert isinstance(unfit, Unfit) and "answers no oracle" in unfit.reason
    assert not isinstance(first, Unfit) and not isinstance(last, Unfit)
    assert [[each.losses for each in row] for row in first] == [
        [(0.25, 1.25), (0.25, 2.25)],
        [(0.5, 1.5), (0.5, 2.5)],
    ]
    assert len(last) == 1 and not last[0][0].finite
