"""A campaign that is told losses: the same whatever the order and the interruptions."""

import gc
import hashlib
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dsl.zoo import ZOO
from evaluators import registry
from evaluators.errors import EvaluatorError
from evaluators.own.outside import Problem, declare
from evaluators.training.batches import BatchShape, TrainingRequest
from evaluators.training.outside import OutsideTrainer
from evaluators.training.trainer import Unfit
from search.errors import CampaignFailed, ConfigChanged, ConfigError, LedgerError
from search.ledger import FILE, Ledger
from stepsmith import Study
from stepsmith.errors import UsageError
from tests.support.commands import run

ROOT = Path(__file__).resolve().parents[2]
CONFIG = {
    "campaign": "told",
    "start": ["adamw", "sgd", "lion"],
    "budget": {"candidates": 14},
    "strategy": {"kind": "regularized_evolution", "population": 6, "tournament": 3},
    "baseline": {"evaluations": 3, "seeds": 1},
    "evaluation": {"seeds": 2, "rates": [1.0], "generation": 10},
    "final": {"finalists": 2, "seeds": 2, "reduction": {"evaluations": 0}},
    "look_ahead": 4,
}
MINE = Problem("my_problem", steps=60, untrained=2.0)


@pytest.fixture(autouse=True)
def _forgotten():
    yield
    registry.forget_outside(MINE.name)


def study(folder: Path, problem: Problem = MINE, **changes) -> Study:
    return Study({**CONFIG, **changes}, problem, out=folder)


def loss(rule, seed: int) -> float:
    """A loss that a program and a seed decide."""
    text = f"{rule.program.digest} {seed}".encode()
    return 0.2 + int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), "big") / 2**32


def told(rule) -> dict[int, float]:
    return {seed: loss(rule, seed) for seed in rule.seeds}


def finish(folder: Path, tell=told, **changes) -> str:
    """The content hash of a study that is told all that it asks."""
    with study(folder, **changes) as asking:
        while batch := asking.ask():
            for rule in batch:
                asking.tell(rule, tell(rule))
    return content(folder)


def content(folder: Path) -> str:
    ledger = Ledger.read(folder / FILE)
    try:
        return ledger.content_hash()
    finally:
        ledger.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The folder of a finished study."""
    folder = tmp_path_factory.mktemp("study") / "whole"
    finish(folder)
    return folder


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


def test_what_cannot_be_told_is_refused_in_a_sentence(tmp_path):
    with study(tmp_path) as asking:
        rule = asking.ask()[0]
        (seed,) = rule.seeds
        for losses, said in (
            (
                {seed: 0.5, 17: 0.5},
                f"rule {rule.id} was asked with the seed {seed}, met the seed 17",
            ),
            (
                {seed: [0.5, 0.4]},
                "wanted one loss, or one after each of the steps 20, 60, 63, met 2",
            ),
            ({seed: "low"}, "wanted a number for a loss, met 'low'"),
            ({seed: [0.5, "low", 0.1]}, "wanted numbers for losses, met"),
            (0.5, "wanted losses by seed, met float"),
            ({seed: 0.5, str(seed): 0.5}, "a seed is told twice"),
            ({"first": 0.5}, f"was asked with the seed {seed}, met the seed 'first'"),
        ):
            with pytest.raises(UsageError, match=said):
                asking.tell(rule, losses)
        with pytest.raises(UsageError, match="rule deadbeef was not asked"):
            asking.tell("deadbeef", {seed: 0.5})
        with pytest.raises(UsageError, match="wanted a rule that was asked, or its `id`, met 7"):
            asking.tell(7, {seed: 0.5})  # pyright: ignore
        assert asking.ask()[0].id == rule.id
        asking.tell(rule, {str(seed): 0.5})  # pyright: ignore
        with pytest.raises(UsageError, match=f"rule {rule.id} was told already"):
            asking.tell(rule, {seed: 0.5})


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


def test_a_run_keeps_the_numbers_of_its_problem(whole):
    said = (
        "started with floor=0, untrained=2 for the problem 'my_problem', met floor=0, untrained=3"
    )
    before = {path.name: path.read_bytes() for path in whole.iterdir()}
    with pytest.raises(ConfigChanged, match=said):
        study(whole, Problem("my_problem", steps=60, untrained=3.0))
    with pytest.raises(ConfigChanged, match="started with seed = 0, the config now says 7"):
        study(whole, seed=7)
    assert {path.name: path.read_bytes() for path in whole.iterdir()} == before


def test_two_studies_have_no_problem_and_no_folder_in_common(whole, tmp_path):
    other = Problem("other_problem", steps=60, untrained=2.0)
    with study(tmp_path / "a") as first:
        (rule, *_) = first.ask()
        with pytest.raises(UsageError, match="the problem 'my_problem' is that of a study of this"):
            study(tmp_path / "b", seed=3)
        with pytest.raises(UsageError, match="a is the folder of a study of this process; close"):
            study(tmp_path / "a", other)
        assert not (tmp_path / "b").exists() and "other_problem" not in registry.names()
        with study(tmp_path / "b", other) as second:
            batches = [first.ask(), second.ask()]
            assert [batch[0].task for batch in batches] == ["my_problem", "other_problem"]
            while any(batches):
                for asking, batch in zip((first, second), batches, strict=True):
                    for rule in batch:
                        asking.tell(rule, told(rule))
                batches = [
                    batch and asking.ask()
                    for asking, batch in zip((first, second), batches, strict=True)
                ]
        registry.forget_outside("other_problem")
    assert content(tmp_path / "a") == content(whole)


def test_a_closed_study_is_told_nothing(whole, tmp_path):
    first = study(tmp_path)
    rule = first.ask()[0]
    first.close()
    with study(tmp_path) as second:
        assert second.ask()[0].id == rule.id
        second.tell(rule, told(rule))
        kept = (tmp_path / "told.jsonl").read_bytes()
        with pytest.raises(UsageError, match="the study is closed; another one in its folder"):
            first.tell(rule, told(rule))
        with pytest.raises(UsageError, match="the study is closed"):
            first.ask()
        assert kept and (tmp_path / "told.jsonl").read_bytes() == kept
    assert finish(tmp_path) == content(whole)


@pytest.mark.parametrize("change", ["longer", "shorter", "gone"])
def test_told_losses_of_another_writer_are_left_as_they_are(change, tmp_path):
    path = tmp_path / "told.jsonl"
    with study(tmp_path) as asking:
        for _ in range(2):
            rule = asking.ask()[0]
            asking.tell(rule, told(rule))
        first, second = path.read_bytes().splitlines(keepends=True)
        new = {"longer": first + second + second, "shorter": first, "gone": b""}[change]
        path.unlink()
        if new:
            path.write_bytes(new)
        rule = asking.ask()[0]
        with pytest.raises(LedgerError, match="of which this study knows"):
            asking.tell(rule, told(rule))
        assert path.read_bytes() == new
        assert asking.ask()[0].id == rule.id, "it was not told"


def test_a_baseline_that_always_diverges_ends_the_study(tmp_path):
    with (
        study(tmp_path, start=["sgd"]) as asking,
        pytest.raises(CampaignFailed, match="all 3 runs of the baseline adamw on the problem"),
    ):
        while batch := asking.ask():
            for rule in batch:
                asking.tell(rule, {})


def test_losses_below_the_floor_end_the_study_at_its_baseline(tmp_path):
    count = 0
    said = "of the problem 'my_problem' that are below `floor=0`, the least -0.5"
    with study(tmp_path) as asking, pytest.raises(CampaignFailed, match=said):
        while batch := asking.ask():
            for rule in batch:
                count += 1
                asking.tell(rule, dict.fromkeys(rule.seeds, 0.5 if count < 3 else -0.5))
    assert count == CONFIG["baseline"]["evaluations"]


def test_a_problem_that_is_none_is_refused(tmp_path):
    with pytest.raises(EvaluatorError, match="untrained loss 1 is not above the floor 2"):
        Problem("odd", steps=5, untrained=1.0, floor=2.0)
    for name, said in (
        ("parity", "problem 'parity': the task of that name is one of Stepsmith's own"),
        ("my net", "a problem called 'my net'"),
        (7, "a problem called 7"),
    ):
        with pytest.raises(EvaluatorError, match=said):
            Problem(name, steps=5, untrained=2.3)  # pyright: ignore
    for numbers, said in (
        ({"steps": "10"}, "`steps` is '10', not a whole number"),
        ({"untrained": "2"}, "`untrained` is '2', no number"),
        ({"floor": None}, "`floor` is None, no number"),
    ):
        with pytest.raises(EvaluatorError, match=said):
            Problem("odd", **{"steps": 5, "untrained": 2.0, **numbers})  # pyright: ignore
    for problems in (7, "odd", [MINE, "odd"]):
        with pytest.raises(UsageError, match="wanted a list of `Problem`s, met"):
            Study(CONFIG, problems, out=tmp_path)  # pyright: ignore
    with pytest.raises(ConfigError, match="unknown task 'other'"):
        study(tmp_path, tasks=[{"name": "other", "steps": 5}])
    with pytest.raises(UsageError, match="is given twice"):
        Study(CONFIG, [MINE, MINE], out=tmp_path)
    assert not list(tmp_path.iterdir())


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
