"""The path of a rule beside that of another optimizer: `stepsmith verify`.

model.py     the model that both train, with a tensor of every rank
walkers.py   a rule or an Optax transformation as something that makes steps
torch_walker.py  a PyTorch optimizer as that
expressions.py, locate.py  the other optimizer and its arguments, from what people write
hypers.py    the names of hyperparameters elsewhere
library.py   the other optimizer, made at the hyperparameters of a rule; refused.py, its errors
traps.py     small print that sets implementations apart, as rewritings of a rule
compare.py   two paths, where they part, and the trap that explains it
"""
