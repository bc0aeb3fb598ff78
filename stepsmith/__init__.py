"""The front door: command line and report."""
