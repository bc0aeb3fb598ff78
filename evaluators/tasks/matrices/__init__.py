"""Linear maps that are learned as matrices, their products or their factors."""
