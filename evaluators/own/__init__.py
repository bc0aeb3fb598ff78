"""Tasks of a user's own, each declared in one Python file that a plug-in names.

task        a task of parameters, a loss and examples or a sampler: the declaration of one
supervised  a task of a model, inputs, targets and a loss by name
parameters  any tree of parameters as the arrays that are trained, and back
batches     examples, samplers and losses as the engines take them
origin      the place of a task in its file, and the errors that name it
outside     a problem that is trained elsewhere, of which losses are told
definition  one digest of all that a task computes
memory      the memory that there is

`evaluators.measuring` finds the numbers that such a task does not state.
"""
