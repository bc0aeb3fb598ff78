"""A program as a PyTorch file."""

from dsl.export.torch.source import to_torch_source

__all__ = ["to_torch_source"]
