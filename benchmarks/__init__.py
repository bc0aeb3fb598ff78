"""Measurements of this project: `python -m benchmarks.<name>` from its top folder."""
