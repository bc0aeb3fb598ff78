"""A search on a model of your own in plain PyTorch: rules are asked for, losses told.

    python examples/ask_tell/digits.py [FOLDER]

Stepsmith trains nothing here: it proposes rules, keeps the ledger and says what came of it. The
model is a small network on the handwritten digits of scikit-learn; train yours wherever you like,
on any device, in any library, and tell the losses in any order. Stopped at any moment, the same
command goes on. About half a minute on one core.
"""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.functional import cross_entropy

from stepsmith import Problem, Study

STEPS, BATCH = 80, 32
CONFIG = {
    "campaign": "told_digits",
    "start": ["adamw", "lion", "schedule_free_sgd"],
    "budget": {"candidates": 40},
    "strategy": {"kind": "regularized_evolution", "population": 12, "tournament": 4},
    "baseline": {"evaluations": 8, "seeds": 1},
    "evaluation": {"seeds": 1, "rates": [0.5, 1.0, 2.0]},
    "final": {"finalists": 3, "seeds": 4, "reduction": {"evaluations": 0}},
    "look_ahead": 8,
}

torch.set_num_threads(1)
digits = load_digits()
order = torch.randperm(len(digits.target), generator=torch.Generator().manual_seed(0))
x = torch.tensor(digits.data, dtype=torch.float32)[order] / 16
y = torch.tensor(digits.target)[order]
train_x, train_y, held_x, held_y = x[:1200], y[:1200], x[1200:], y[1200:]


def losses(rule, seed: int) -> list[float]:
    """The validation loss at each checkpoint of a fresh model that is trained with a rule."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))
    optimizer = rule.torch(model.parameters(), seed=seed)
    draw = torch.Generator().manual_seed(seed)
    found = []
    for step in range(1, rule.checkpoints[-1] + 1):
        batch = torch.randint(len(train_y), (BATCH,), generator=draw)

        def closure(batch=batch):
            optimizer.zero_grad()
            loss = cross_entropy(model(train_x[batch]), train_y[batch])
            loss.backward()
            return loss

        optimizer.step(closure)
        if step in rule.checkpoints:
            elsewhere = rule.program.point is not None  # evaluated at other weights than trained
            if elsewhere:
                optimizer.eval()
            with torch.no_grad():
                found.append(cross_entropy(model(held_x), held_y).item())
            if elsewhere:
                optimizer.train()
    return found


def main() -> None:
    out = sys.argv[1] if len(sys.argv) > 1 else None
    problem = Problem("my_digits", steps=STEPS, untrained=2.3, summary="digits in PyTorch")
    with Study(CONFIG, [problem], out=out) as study:
        while batch := study.ask():
            for rule in batch:
                study.tell(rule, {seed: losses(rule, seed) for seed in rule.seeds})
            print(f"{study.run.status['programs']} programs", file=sys.stderr)
        print(study.run)


if __name__ == "__main__":
    main()
