"""The path of a rule beside that of another optimizer: `stepsmith verify`.

model.py        the models that both train, with a tensor of every rank
walkers.py      a rule, or an Optax transformation, as what makes steps
torch_walker.py a PyTorch optimizer as that
verifier.py     a rule and the setting that it is compared in
paths.py        two paths, and where they part
verdict.py      the comparison as asked for, then wherever that leaves something untried

The other optimizer, in others.py:

expressions.py, locate.py    found by what people write
hypers.py       the names of hyperparameters elsewhere
calls.py        the call that makes it, at the hyperparameters of a rule
host_optimizer.py      on a model; refused.py, its errors

What was tried:

conditions.py   statements that do one thing or another; wording.py, their words
exercise.py     what was met of them, and what was not
draws.py        other settings
explore.py      those that meet what is missing, found on the rule alone

Why they part, in reasons.py:

traps/          small print that sets implementations apart, as rewritings of a rule
precision.py    another optimizer with the precision of the parameters throughout
"""
