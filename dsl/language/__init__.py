"""The words of the language, and how each is declared.

kinds.py            Tensor, Scalar, Global, ...: the range of a value, and which kinds broadcast
signature.py        the type of a primitive: `"K, K, Global -> K"`
registry.py         `@primitive` and `@oracle`: a primitive is declared once
sign.py, sides.py   the sign of what a primitive makes; the ways that a call may take
oracle.py           the answers of an oracle; sources.py has the functions that it may ask
cost.py             the cost of an oracle, as a text that can be counted
closed_form.py      smooth functions in NumPy that answer oracles
initialisers.py     the starts of slots
hyperparameters.py  the meanings, ranges and hosts' names of hyperparameters
names.py            legal names; numbers.py has numbers and their shortest text
"""
