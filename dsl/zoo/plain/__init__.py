"""Gradient descent: plain, with momentum, clipped, normalized."""
