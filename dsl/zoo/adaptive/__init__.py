"""Rates of their own for every entry, from squares of gradients or from what the path tells."""
