"""The functions that oracles ask of the caller, as a training script can hand them over."""

from dsl.language.oracle import Source

LOSS = Source(
    "value_fn",
    "the loss of the batch as a function of the parameters",
    "lambda params: loss",
    "a function that returns the loss of the batch",
)
LOSSES = Source(
    "losses_fn",
    "the loss of each example of the batch, a vector, as a function of the parameters",
    "lambda params: losses",
    "a function that returns the loss of each example of the batch, a vector",
)
FULL = Source(
    "full_fn",
    "the loss over all of the data as a function of the parameters",
    "lambda params: loss",
    "a function that returns the loss over all of the data",
)
SAMPLED = Source(
    "sampled_fn",
    "the loss of the batch with labels drawn from the model's own outputs, as a function of the "
    "parameters and a key; no derivative goes through the labels",
    "lambda params, key: loss",
    "a function of a `torch.Generator` that returns the loss of the batch with labels drawn by it "
    "from the model's own outputs, detached",
)
OUTPUTS = Source(
    "outputs_fn",
    "the outputs of the model on the batch, and the loss of the batch as a function of outputs, "
    "both as a function of the parameters",
    "lambda params: (outputs, loss_of)",
    "a function that returns the outputs of the model on the batch, and the loss of the batch as a "
    "function of outputs",
)

ARGUMENTS = tuple(source.argument for source in (LOSS, LOSSES, FULL, SAMPLED, OUTPUTS))
"""The arguments that they are handed over as."""
