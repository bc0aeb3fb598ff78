"""Programs carried out, on arrays of NumPy or JAX.

plan, values, interpret   one step of any program: its meaning
shapes_met                words of plug-ins, held to the shapes that they state
jax_step                  noise and oracles of a step under JAX
optax                     a program as an Optax transformation
machine/                  any program without compiling it, for a search
capacity                  the largest program that the machine holds
namespace, float32/       `jax.numpy` with functions that are quick on a CPU
numpy64                   NumPy as probes apply it, without signed zeros
bound                     a program in NumPy, sooner, on one small model
stages, together          the order and the primitives that allow many steps at once
all_steps                 all its steps, as many together as can be
values_by_step            what they hold meanwhile
fingerprint               the behaviour of a program as a short string
"""
