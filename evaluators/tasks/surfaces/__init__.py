"""Functions of the parameters themselves: no data, no model, a shape that is known."""
