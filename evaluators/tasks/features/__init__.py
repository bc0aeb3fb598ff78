"""Short rows of numbers, from tables or generated, by linear models and small networks."""
