"""Signs, layers and matrices: rules that look at more than one entry, or at less than its size."""
