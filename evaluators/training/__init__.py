"""Training a program on a task: loops, engines, outcomes."""
