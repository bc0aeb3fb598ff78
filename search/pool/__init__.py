"""Workers that judge candidates, in this process or on Ray."""
