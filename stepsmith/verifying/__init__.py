"""The path of a rule beside that of another optimizer: `stepsmith verify`.

model.py     the model that both train, with a tensor of every rank
walkers.py   a rule, a PyTorch class or an Optax factory as something that makes steps
hypers.py    what hyperparameters are called elsewhere
traps.py     small print that sets implementations apart, as rewritings of a rule
compare.py   two paths, where they part, and the trap that explains it
"""
