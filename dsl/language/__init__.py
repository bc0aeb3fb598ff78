"""What programs are written in: kinds, signatures, primitives, initialisers, oracles."""
