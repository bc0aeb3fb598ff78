"""Programs that hold what the zoo does not, for the tests of the exports."""

from dsl import Program, parse

_TEXTS = {
    "scalar_slots": """
def scalar_slots(w, g, s=scalar(1), m=zeros, *, lr=0.01, b1=0.9):
    s = interp(norm(g), s, b1)
    m = interp(g / s, m, b1)
    return lr * m * norm(w)
""",
    "global_slots": """
def global_slots(w, g, t, loss, d=number(0.5), best=number(10), m=zeros, *, lr=0.01, b1=0.9):
    best = minimum(best, loss)
    d = maximum(d, abs(global_dot(g, m)) / (1 + global_norm(m)))
    m = m + lr * b1 ** t * d * g
    return m * best
""",
    "clipped": """
def clipped(w, g, m=zeros, *, lr=0.05, c=0.5, b1=0.9, b2=0.99, wd=0.1):
    g = clip_by_global_norm(g + wd * w, c)
    m = interp(g, m, b1)
    u = m * (1 + b2 * cosine_sim(g, m)) + global_mean(g)
    return lr * u
""",
    "noisy": """
def noisy(w, g, t, z=copy_w, m=ones, *, lr=0.01):
    z = z - lr * (g + normal(1) / t) + 0.01 * rademacher(0) * normal(1)
    m = where(g > 0, 1, -1) + (m < 0.5)
    return w - z + 0.001 * m
""",
    "sharpness": """
def sharpness(w, g, loss, *, lr=0.05, rho=0.05):
    e = rho * g / (global_norm(g) + 1e-12)
    far = grad_at(w + e)
    return lr * far * (loss_at(w + e) - loss + 1)
""",
    "lazy": """
def lazy(w, g, t, h=first_g, n=number(1), a=zeros, *, lr=0.02, k=3, b2=0.9):
    n = when(every(t, k, 0), n * 0.9, n)
    d = square(g)
    h = when(every(t, k, 1), interp(rademacher(3) * hvp(g + d), h, b2) + d, h)
    c = when(t > 5, maximum(d, lr), 1)
    a = when(global_norm(g) > 0.1, w, a)
    return lr * (h + c * g + 0.01 * a) * n
""",
    "numbers": """
def numbers(w, g, t, T, *, lr=0.02, a=4, b=0):
    k = sqrt(a) / (b + 2) + a ** -0.5 + exp(-a) + sign(b) + (a > b) + clip(a, b, 1)
    warm = minimum(1, t / 10) * (1 - t / T)
    return lr * warm * (k * g + maximum(b, g) + interp(a, b, lr)) / (1 + max_abs(g))
""",
    "swapped": """
def swapped(w, g, a=zeros, b=ones, s=zeros, last=first_g, *, lr=0.01):
    old = a
    a = b + 0.1 * g
    b = old
    s = w
    u = (a + b + s) * 0.1 + last
    last = g
    return lr * u
""",
    "traded": """
def traded(w, g, a=number(1), step=number(2), params=scalar(3), *, lr=0.01):
    old = a
    a = step
    step = old
    params = params + norm(g) / 10
    return lr * a * g / params
""",
    "returns_a_global": """
def returns_a_global(w, g, loss, *, lr=0.01):
    return lr * loss * global_mean(g)
""",
    "returns_a_scalar": """
def returns_a_scalar(w, g, m=zeros, *, lr=0.01):
    m = mean(g)
    return lr * norm(norm(g)) + 0.1 * lr * m
""",
    "shadows": """
def shadows(w, g, count=zeros, key=zeros, state=ones, *, lr=0.01, params=0.9, p=0.5, jnp=2):
    updates = interp(g, count, params)
    count = updates * jnp
    key = interp(square(g), key, p)
    state = state * 0.9
    return lr * (updates / (sqrt(key) + 0.1) + state)
""",
    "no_rate": """
def no_rate(w, g, *, wd=0.1):
    return 0.01 * (g + wd * w)
""",
}

ODD: dict[str, Program] = {name: parse(text) for name, text in _TEXTS.items()}
