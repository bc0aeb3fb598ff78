"""Validation loss of a campaign's winner and of its tuned baseline, step by step, on fresh seeds.

    python benchmarks/curves.py runs/quickstart --out discovered/quickstart/curve.svg

Both are run through `dsl.to_optax` in compiled training loops, not through the machine that the
search used, and evaluated where they want to be: each at the rate that was found for it on the
task, on seeds that neither the search nor its finals have drawn. Lines are means, bands one
standard deviation over the seeds.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from evaluators.training.environment import prepare_process  # noqa: E402

prepare_process()

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import matplotlib  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402

from dsl import Program, eval_params, parse, to_optax  # noqa: E402
from evaluators import registry  # noqa: E402
from evaluators.task import Task, prepare  # noqa: E402
from search.ledger import FILE, Ledger  # noqa: E402
from search.report.hall_of_fame import hall_of_fame  # noqa: E402

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "stepsmith"
import matplotlib.pyplot as plt  # noqa: E402

FIRST_SEED = 2**30 + 2**29
"""In the range that no campaign draws from."""
POINTS = 25


def losses(task: Task, program: Program, steps: int, seeds: list[int]) -> np.ndarray:
    """Validation losses [seeds, POINTS + 1], from before the first step to after the last."""
    rule = to_optax(program, horizon=steps)
    ready = prepare(task, seeds, steps)
    stride = steps // POINTS

    def train(params, order, data):
        def step(carry, index):
            params, state = carry
            gradient = jax.grad(task.loss)(params, data, index)
            move, state = rule.update(gradient, state, params)
            return (optax.apply_updates(params, move), state), None

        def stretch(carry, indices):
            carry, _ = jax.lax.scan(step, carry, indices)
            params, state = carry
            return carry, task.validate(eval_params(program, state, params), data)

        start = task.validate(params, data)
        stretches = order[: stride * POINTS].reshape(POINTS, stride, -1)
        _, found = jax.lax.scan(stretch, (params, rule.init(params)), stretches)
        return jnp.concatenate([start[None], found])

    run = jax.jit(jax.vmap(train, in_axes=(0, 0, None)))
    return np.asarray(run(ready.params, ready.order, ready.data))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=8)
    chosen = parser.parse_args()
    ledger = Ledger.read(chosen.run / FILE)
    config, tuned = ledger.config, ledger.baseline
    assert tuned is not None
    winner = parse((chosen.run / "winner.rule").read_text(encoding="utf-8"))
    baseline, tuned_rates = tuned.program, tuned.rates
    number = hall_of_fame(ledger).winner.candidate
    found_rates = ledger.row(number).rates
    ledger.close()
    seeds = [FIRST_SEED + i for i in range(chosen.seeds)]
    figure, axes = plt.subplots(1, len(config["tasks"]), figsize=(11, 3.2), squeeze=False)
    for axis, choice in zip(axes[0], config["tasks"], strict=True):
        task, steps = registry.get(choice["name"]), choice["steps"]
        for program, rates, label, colour in (
            (winner, found_rates, winner.name, "#c2410c"),
            (baseline, tuned_rates, f"tuned {config['baseline']['rule']}", "#475569"),
        ):
            program = program.with_hyperparameters(lr=rates[task.name])
            found = losses(task, program, steps, seeds) - task.floor
            at = np.arange(POINTS + 1) * (steps // POINTS)
            mean, sd = found.mean(0), found.std(0, ddof=1)
            axis.plot(at, mean, label=f"{label}: {mean[-1] + task.floor:.4f}", color=colour)
            low = np.maximum(mean - sd, mean / 3)
            axis.fill_between(at, low, mean + sd, color=colour, alpha=0.2, linewidth=0)
            print(f"{task.name:<10} {label:<20} {mean[-1] + task.floor:.4f} +- {sd[-1]:.4f}")
        axis.set(title=task.name, xlabel="step", yscale="log")
        axis.legend(frameon=False, fontsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0][0].set_ylabel("validation loss above the floor")
    figure.tight_layout()
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(chosen.out, metadata={"Date": None})


if __name__ == "__main__":
    main()
