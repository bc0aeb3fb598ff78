"""Steps that read the loss: Polyak's step size and its kin, energies, trials and models."""
