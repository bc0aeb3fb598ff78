"""Functions and methods that a PyTorch file holds where its rule needs them, as their text."""

FUNCTIONS = {
    "_number": '''
def _number(value: float, like: torch.Tensor | None = None) -> torch.Tensor:
    """A number as a tensor without axes, in the dtype of `like` or else float64."""
    if like is None:
        return torch.as_tensor(value, dtype=torch.float64)
    return torch.as_tensor(value, dtype=like.dtype, device=like.device)
''',
    "_spread": '''
def _spread(value: torch.Tensor | float, like: torch.Tensor) -> torch.Tensor:
    """A number in the shape and dtype of `like`."""
    return torch.as_tensor(value, dtype=like.dtype, device=like.device).expand_as(like)
''',
}

METHODS = {
    "_draw": '''
    def _draw(self, kind: str, p: torch.Tensor, stream: float) -> torch.Tensor:
        """Random numbers like `p`; a stream is the same however often a step reads it."""
        state = self.state[p]
        mixed = 0
        for part in (self.param_groups[0]["seed"], state["step"], state["index"], stream):
            mixed = (mixed * 6364136223846793005 + round(float(part)) + 1442695040888963407) % 2**63
        generator = torch.Generator(device=p.device).manual_seed(mixed)
        if kind == "normal":
            return torch.randn(p.shape, generator=generator, dtype=p.dtype, device=p.device)
        signs = torch.randint(0, 2, p.shape, generator=generator, device=p.device)
        return (2 * signs - 1).to(p.dtype)
''',
    "_hvp": '''
    def _hvp(self, loss: torch.Tensor, ready: list[Any], v: list[Any]) -> list[torch.Tensor]:
        """The Hessian of the loss at the parameters, times `v`."""
        params = [p for _, p, _ in ready]
        with torch.enable_grad():
            grads = torch.autograd.grad(loss, params, create_graph=True, materialize_grads=True)
            v = [part.to(p.dtype) for part, p in zip(v, params, strict=True)]
            inner = torch.stack([(a * b).sum() for a, b in zip(grads, v, strict=True)]).sum()
        if not inner.requires_grad:
            return [torch.zeros_like(p) for p in params]
        found = torch.autograd.grad(inner, params, retain_graph=True, materialize_grads=True)
        signs = [-1.0 if group["maximize"] else 1.0 for group, _, _ in ready]
        return [sign * h for sign, h in zip(signs, found, strict=True)]
''',
    "_hessian_diagonal_at": '''
    def _hessian_diagonal_at(
        self, closure: Callable[[], Any], ready: list[Any], point: list[Any]
    ) -> list[torch.Tensor]:
        """The diagonal of the Hessian of the loss at `point`."""
        params = [p for _, p, _ in ready]

        def ask() -> list[torch.Tensor]:
            keep = {"retain_graph": True, "materialize_grads": True}
            slopes = torch.autograd.grad(closure(), params, create_graph=True, **keep)
            found = [torch.zeros_like(p, memory_format=torch.contiguous_format) for p in params]
            for p, slope, bent in zip(params, slopes, found, strict=True):
                for at, part in enumerate(slope.reshape(-1)):
                    if part.requires_grad:
                        (row,) = torch.autograd.grad(part, p, **keep)
                        bent.view(-1)[at] = row.reshape(-1)[at]
            return found

        signs = [-1.0 if group["maximize"] else 1.0 for group, _, _ in ready]
        found = self._elsewhere(ready, point, ask)
        return [sign * bent for sign, bent in zip(signs, found, strict=True)]
''',
    "_third_derivative": '''
    def _third_derivative(
        self, loss: torch.Tensor, ready: list[Any], v: list[Any], u: list[Any]
    ) -> list[torch.Tensor]:
        """The derivative along `u` of the Hessian at the parameters, times `v`."""
        params = [p for _, p, _ in ready]
        with torch.enable_grad():
            keep = {"create_graph": True, "materialize_grads": True}
            found = torch.autograd.grad(loss, params, **keep)
            for direction in (v, u):
                along = [part.to(p.dtype) for part, p in zip(direction, params, strict=True)]
                parts = [(a * b).sum() for a, b in zip(found, along, strict=True)]
                inner = torch.stack(parts).sum()
                if not inner.requires_grad:
                    return [torch.zeros_like(p) for p in params]
                found = torch.autograd.grad(inner, params, **keep)
        signs = [-1.0 if group["maximize"] else 1.0 for group, _, _ in ready]
        return [sign * x.detach() for sign, x in zip(signs, found, strict=True)]
''',
    "_hessian_solve": '''
    def _hessian_solve(
        self, loss: torch.Tensor, ready: list[Any], v: list[Any], k: torch.Tensor | float
    ) -> list[torch.Tensor]:
        """The inverse of the Hessian at the parameters plus `k` on its diagonal, times `v`."""
        dense = self._hessian(loss, ready)
        flat = torch.cat([part.reshape(-1) for part in v]).to(dense.dtype)
        found = torch.linalg.solve(dense + k * torch.eye(len(dense)).to(dense), flat)
        return self._split(found, ready)
''',
    "_abs_hessian_solve": '''
    def _abs_hessian_solve(
        self, loss: torch.Tensor, ready: list[Any], v: list[Any], k: torch.Tensor | float
    ) -> list[torch.Tensor]:
        """`v` times the inverse of the Hessian's magnitude plus `k` on its diagonal."""
        values, vectors = torch.linalg.eigh(self._hessian(loss, ready))
        flat = torch.cat([part.reshape(-1) for part in v]).to(values.dtype)
        return self._split(vectors @ (vectors.T @ flat / (torch.abs(values) + k)), ready)
''',
    "_hessian": '''
    def _hessian(self, loss: torch.Tensor, ready: list[Any]) -> torch.Tensor:
        """The dense Hessian of the loss at the parameters, entries in the order of these."""
        sizes = [p.numel() for _, p, _ in ready]
        rows = []
        for at in range(sum(sizes)):
            one = torch.zeros(sum(sizes), device=ready[0][1].device)
            one[at] = 1.0
            row = self._hvp(loss, ready, self._split(one, ready))
            rows.append(torch.cat([part.reshape(-1) for part in row]))
        dense = torch.stack(rows)
        return dense.to(torch.promote_types(dense.dtype, torch.float32))
''',
    "_split": '''
    def _split(self, flat: torch.Tensor, ready: list[Any]) -> list[torch.Tensor]:
        """Entries of the model, one after the other, as a list like the parameters."""
        parts = flat.split([p.numel() for _, p, _ in ready])
        return [x.reshape(p.shape).to(p.dtype) for x, (_, p, _) in zip(parts, ready, strict=True)]
''',
    "_gauss_newton_product": '''
    def _gauss_newton_product(
        self, outputs_fn: Callable[[], Any], ready: list[Any], v: list[Any]
    ) -> list[torch.Tensor]:
        """The Gauss-Newton matrix at the parameters, times `v`."""
        params = [p for _, p, _ in ready]
        with torch.enable_grad():
            outputs, loss_of = outputs_fn()
            dual = torch.zeros_like(outputs, requires_grad=True)
            keep = {"create_graph": True, "materialize_grads": True}
            found = torch.autograd.grad(outputs, params, dual, **keep)
            inner = torch.stack([(a * b).sum() for a, b in zip(found, v, strict=True)]).sum()
            (along,) = torch.autograd.grad(inner, dual, retain_graph=True)
            _, bent = torch.autograd.functional.hvp(loss_of, outputs.detach(), along)
        found = torch.autograd.grad(outputs, params, bent, materialize_grads=True)
        return [-x if ready[0][0]["maximize"] else x for x in found]
''',
    "_gauss_newton_solve": '''
    def _gauss_newton_solve(
        self,
        outputs_fn: Callable[[], Any],
        ready: list[Any],
        v: list[Any],
        k: torch.Tensor | float,
    ) -> list[torch.Tensor]:
        """The inverse of the Gauss-Newton matrix plus `k` on its diagonal, times `v`."""
        params = [p for _, p, _ in ready]
        with torch.enable_grad():
            outputs, loss_of = outputs_fn()
            flat = outputs.reshape(-1).unbind()
        rows = []
        for one in flat:
            row = torch.autograd.grad(one, params, retain_graph=True, materialize_grads=True)
            rows.append(torch.cat([part.reshape(-1) for part in row]))
        jacobian = torch.stack(rows)
        jacobian = jacobian.to(torch.promote_types(jacobian.dtype, torch.float32))
        with torch.enable_grad():
            curvature = torch.autograd.functional.hessian(loss_of, outputs.detach())
        curvature = curvature.reshape(len(rows), len(rows)).to(jacobian.dtype)
        curvature = -curvature if ready[0][0]["maximize"] else curvature
        bent = curvature @ jacobian
        right = torch.cat([part.reshape(-1) for part in v]).to(jacobian.dtype)
        damped = bent @ jacobian.T + k * torch.eye(len(rows)).to(jacobian)
        inner = torch.linalg.solve(damped, bent @ right)
        return self._split((right - jacobian.T @ inner) / k, ready)
''',
    "_conjugate_gradients": '''
    def _conjugate_gradients(
        self,
        loss: torch.Tensor,
        ready: list[Any],
        v: list[Any],
        h: list[Any],
        tol: torch.Tensor | float,
        trials: torch.Tensor | float,
        mix: torch.Tensor | float,
    ) -> list[torch.Tensor]:
        """`v` over the Hessian at the parameters, by preconditioned conjugate gradients."""
        right, inverse = (torch.cat([part.reshape(-1) for part in x]) for x in (v, h))
        found, left, along = torch.zeros_like(right), right, inverse * right
        size = left @ along
        while trials >= 1:
            product = self._hvp(loss, ready, self._split(along, ready))
            product = torch.cat([part.reshape(-1) for part in product])
            curvature = along @ product
            if not curvature > 0:
                found = mix * found + (1 - mix) * torch.sign(along @ right) * along
                break
            found = found + size / curvature * along
            left = left - size / curvature * product
            last, size = size, left @ (inverse * left)
            if size < tol:
                break
            along = inverse * left + size / last * along
            trials = trials - 1
        return self._split(found, ready)
''',
    "_line_search": '''
    def _line_search(
        self,
        closure: Callable[[], Any],
        ready: list[Any],
        u: list[Any],
        a: torch.Tensor | float,
        fall: torch.Tensor | float,
        shrink: torch.Tensor | float,
        trials: torch.Tensor | float,
    ) -> torch.Tensor:
        """The first of falling rates at which a step along `u` lowers the loss enough."""
        start = [p.clone() for _, p, _ in ready]
        here = self._loss_at(closure, ready, start)
        rate = torch.as_tensor(a, dtype=here.dtype)
        while trials >= 1:
            point = [(p - rate * part).to(p.dtype) for p, part in zip(start, u, strict=True)]
            fell = here - self._loss_at(closure, ready, point)
            if fell + torch.finfo(here.dtype).eps >= rate * fall:
                break
            rate, trials = rate * shrink, trials - 1
        return rate
''',
    "_jvp": '''
    def _jvp(self, loss: torch.Tensor, ready: list[Any], v: list[Any]) -> torch.Tensor:
        """The derivative of the loss at the parameters, along `v`."""
        params = [p for _, p, _ in ready]
        found = torch.autograd.grad(loss, params, retain_graph=True, materialize_grads=True)
        slope = torch.stack([(a * b).sum() for a, b in zip(found, v, strict=True)]).sum()
        return -slope if ready[0][0]["maximize"] else slope
''',
    "_clipped_grad": '''
    def _clipped_grad(
        self, losses_fn: Callable[[], Any], ready: list[Any], c: torch.Tensor | float
    ) -> list[torch.Tensor]:
        """The mean of the gradients of the losses at the parameters, each down to norm `c`."""
        params = [p for _, p, _ in ready]
        total = [torch.zeros_like(p) for p in params]
        with torch.enable_grad():
            losses = list(losses_fn())
        for loss in losses:
            found = torch.autograd.grad(loss, params, retain_graph=True, materialize_grads=True)
            size = torch.sqrt(torch.stack([torch.sum(torch.square(g)) for g in found]).sum())
            shrink = torch.where(size > c, c / size, torch.ones_like(size))
            total = [t + g * shrink for t, g in zip(total, found, strict=True)]
        signs = [-1.0 if group["maximize"] else 1.0 for group, _, _ in ready]
        return [sign * t / len(losses) for sign, t in zip(signs, total, strict=True)]
''',
    "_generator": '''
    def _generator(self, p: torch.Tensor, stream: float) -> torch.Generator:
        """What the labels of a stream are drawn with on this step, on the device of `p`."""
        mixed = 1
        for part in (self.param_groups[0]["seed"], self.state[p]["step"], stream):
            mixed = (mixed * 6364136223846793005 + round(float(part)) + 1442695040888963407) % 2**63
        return torch.Generator(device=p.device).manual_seed(mixed)
''',
    "_sampled_grad": '''
    def _sampled_grad(
        self, sampled_fn: Callable[[Any], Any], ready: list[Any], stream: float
    ) -> list[torch.Tensor]:
        """The gradient at the parameters of the loss with labels drawn from the model."""
        params = [p for _, p, _ in ready]
        with torch.enable_grad():
            loss = sampled_fn(self._generator(params[0], stream))
        found = torch.autograd.grad(loss, params, materialize_grads=True)
        signs = [-1.0 if group["maximize"] else 1.0 for group, _, _ in ready]
        return [sign * g for sign, g in zip(signs, found, strict=True)]
''',
    "_grad_at": '''
    def _grad_at(self, closure: Callable[[], Any], ready: list[Any], point: list[Any]) -> list[Any]:
        """The gradient of the loss at `point`."""
        params = [p for _, p, _ in ready]
        found = self._elsewhere(
            ready,
            point,
            lambda: torch.autograd.grad(closure(), params, materialize_grads=True),
        )
        signs = [-1.0 if group["maximize"] else 1.0 for group, _, _ in ready]
        return [sign * g for sign, g in zip(signs, found, strict=True)]
''',
    "_part_grad_at": '''
    def _part_grad_at(
        self,
        losses_fn: Callable[[], Any],
        ready: list[Any],
        point: list[Any],
        part: torch.Tensor | float,
        parts: torch.Tensor | float,
    ) -> list[Any]:
        """The gradient at `point` of the mean loss of one part of the batch."""
        params = [p for _, p, _ in ready]

        def ask() -> Any:
            losses = losses_fn()
            places = torch.arange(len(losses), dtype=torch.float64)
            chosen = torch.floor(places * float(parts) / len(losses)) == float(part)
            total = losses[chosen.to(losses.device)].sum() / max(int(chosen.sum()), 1)
            return torch.autograd.grad(total, params, materialize_grads=True)

        found = self._elsewhere(ready, point, ask)
        signs = [-1.0 if group["maximize"] else 1.0 for group, _, _ in ready]
        return [sign * g for sign, g in zip(signs, found, strict=True)]
''',
    "_loss_at": '''
    def _loss_at(
        self, closure: Callable[[], Any], ready: list[Any], point: list[Any]
    ) -> torch.Tensor:
        """The loss at `point`."""
        loss = self._elsewhere(ready, point, closure).detach()
        return -loss if ready[0][0]["maximize"] else loss
''',
    "_coordinate_differences": '''
    def _coordinate_differences(
        self,
        closure: Callable[[], Any],
        ready: list[Any],
        mask: list[Any],
        mu: torch.Tensor | float,
    ) -> list[torch.Tensor]:
        """Forward differences of the loss over `mu`, where `mask` is not 0."""
        there = [p.clone(memory_format=torch.contiguous_format) for _, p, _ in ready]
        slopes = [torch.zeros_like(p) for p in there]
        here = self._loss_at(closure, ready, there)
        for p, found, shown in zip(there, slopes, mask, strict=True):
            for at in shown.reshape(-1).nonzero().reshape(-1).tolist():
                kept = p.view(-1)[at].clone()
                p.view(-1)[at] = kept + mu
                found.view(-1)[at] = (self._loss_at(closure, ready, there) - here) / mu
                p.view(-1)[at] = kept
        return slopes
''',
    "_elsewhere": '''
    def _elsewhere(self, ready: list[Any], point: list[Any], ask: Callable[[], Any]) -> Any:
        """What `ask` says while the parameters are at `point`."""
        kept = [p.clone() for _, p, _ in ready]
        try:
            for (_, p, _), there in zip(ready, point, strict=True):
                p.copy_(there)
            with torch.enable_grad():
                return ask()
        finally:
            for (_, p, _), here in zip(ready, kept, strict=True):
                p.copy_(here)
''',
}
METHODS_BEHIND = {
    "_hessian_solve": ("_hessian", "_hvp", "_split"),
    "_abs_hessian_solve": ("_hessian", "_hvp", "_split"),
    "_gauss_newton_solve": ("_split",),
    "_conjugate_gradients": ("_hvp", "_split"),
    "_line_search": ("_loss_at", "_elsewhere"),
    "_coordinate_differences": ("_loss_at", "_elsewhere"),
    "_hessian_diagonal_at": ("_elsewhere",),
    "_grad_at": ("_elsewhere",),
    "_loss_at": ("_elsewhere",),
    "_part_grad_at": ("_elsewhere",),
    "_sampled_grad": ("_generator",),
}
"""Methods that other methods call."""
