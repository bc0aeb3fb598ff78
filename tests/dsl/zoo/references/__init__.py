"""The zoo's programs and other implementations, each walking its own path over one model.

    model.py      the model, its batches, its Hessian
    walks.py      paths of programs, and how far a reference's path is from them
    libraries.py  optimizers of Optax, PyTorch and other packages
    dense/        implementations written here from the papers' equations, without the language

Each optimizer is fed gradients from where it stands itself. What a reference needs besides, noise
and Hessian estimates, is made without the code under test: products come from the dense Hessian,
draws from the documented keys.
"""
