"""Programs carried out: interpreter, Optax transformation, machine, fingerprint."""
