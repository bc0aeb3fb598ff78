"""Losses and gradients away from the parameters, along noise, example by example."""
