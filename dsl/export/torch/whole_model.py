"""Texts of a PyTorch file that asks for the loss at shards: the whole model of FSDP2, for a step.

FSDP2 gathers parameters outside of what is differentiated, so that derivatives of a loss end at the
gathered ones. Those are the arguments of a method that asks; every process has its own part of the
batch, so the answers of all are averaged, and each keeps its part of them.
"""

FUNCTIONS = {
    "_WholeModel": '''
class _WholeModel:
    """For a step: the parameters that modules of FSDP2 gather, in place of their shards."""

    class Found(Exception):
        """The modules of all shards are known."""

    def __init__(self, params: list[Any]) -> None:
        self.params = params
        self.names: dict[Any, dict[str, Any]] = {}
        self.whole: dict[Any, Any] = {}
        self.searching = self.inside = False
        self.hook: Any = None

    def __enter__(self) -> None:
        hooks = torch.nn.modules.module
        self.hook = hooks.register_module_forward_pre_hook(self.see)

    def __exit__(self, *_: object) -> None:
        self.hook.remove()
        for module in self.names:
            module.set_reshard_after_backward(True)
            module.reshard()

    def see(self, module: Any, _: Any) -> None:
        """Note the shards of a module of FSDP2 and of those inside; keep what they gather."""
        if hasattr(module, "reshard") and module not in self.names:
            inside = [each for each in module.modules() if hasattr(each, "reshard")]
            for each in inside:
                each.reshard()
                each.set_reshard_after_backward(False)
            for each in inside:
                self.names[each] = dict(each.named_parameters(remove_duplicate=False))
        known = {p for shards in self.names.values() for p in shards.values()}
        if self.searching and known.issuperset(self.params):
            raise self.Found

    def gather(self) -> None:
        """Gather the parameters of all modules."""
        for module in self.names:
            module.unshard()
        for module, shards in self.names.items():
            whole = dict(module.named_parameters(remove_duplicate=False))
            self.whole.update({p: whole[name] for name, p in shards.items()})
        found = [self.whole.get(p) for p in self.params]
        if any(whole is None or hasattr(whole, "device_mesh") for whole in found):
            raise RuntimeError(
                "derivatives of the loss are taken of parameters that modules of FSDP2 "
                "(`fully_shard`, without tensor parallelism) gather: let the closure, or what else "
                "`step` is given, call the model"
            )

    def ask(self, optimizer: Any, method: Any, asked: Any, ready: Any, args: Any) -> Any:
        """The answer of a method for the whole parameters, cut as they are."""
        if self.inside:
            return self.mean(method(optimizer, asked, ready, *args))
        if callable(asked):
            self.find(asked, [each for each in args if isinstance(each, torch.Generator)])
            asked = self.following(asked)
        self.gather()
        kept = [(p.to_local().clone(), p.grad) for p in self.params]
        whole = [(group, self.whole.get(p, p), g) for group, p, g in ready]
        self.inside = True
        try:
            found = self.mean(method(optimizer, asked, whole, *map(_gathered, args)))
        finally:
            self.inside = False
            for p, (part, grad) in zip(self.params, kept, strict=True):
                p.to_local().copy_(part)
                p.grad = grad
        if isinstance(found, list):
            rows = zip(ready, found, strict=True)
            return [_sharded_like(p, x) if x.shape == p.shape else x for (_, p, _), x in rows]
        return found

    def find(self, function: Any, args: list[Any]) -> None:
        """Call a function up to the first module that holds all shards."""
        self.searching = not self.names
        try:
            if self.searching:
                function(*args)
        except self.Found:
            pass
        finally:
            self.searching = False

    def following(self, function: Any) -> Any:
        """The function, called when the shards are where the whole parameters were put."""

        def call(*args: Any) -> Any:
            for p in self.params:
                p.data.copy_(_sharded_like(p, self.whole[p].detach().to(p.dtype)))
                p.grad = None
            answer = function(*args)
            self.gather()
            for p in self.params:
                if p.grad is not None:
                    self.whole[p].grad = p.grad.full_tensor().to(self.whole[p].dtype)
            return answer

        return call

    def mean(self, found: Any) -> Any:
        """The mean of an answer, or of each of a list, over all processes."""
        if isinstance(found, (list, tuple)):
            return [self.mean(each) for each in found]
        return _over_processes(_wide(torch.as_tensor(found).detach()).contiguous(), self.params[0])
''',
    "_with_shards": '''
def _with_shards(step: Any) -> Any:
    """A step that takes derivatives, of parameters that are sharded too."""

    @wraps(step)
    def with_shards(self: Any, *args: Any, **kwargs: Any) -> Any:
        params = [p for group in self.param_groups for p in group["params"]]
        shards = [p for p in params if hasattr(p, "device_mesh")]
        if not shards:
            return step(self, *args, **kwargs)
        self._model = _WholeModel(shards)
        try:
            with self._model:
                return step(self, *args, **kwargs)
        finally:
            self._model = None

    return with_shards
''',
    "_asks": '''
def _asks(method: Any) -> Any:
    """A method that asks for the loss; at shards, it asks of the whole model."""

    @wraps(method)
    def ask(self: Any, asked: Any, ready: Any, *args: Any) -> Any:
        if self._model is None:
            return method(self, asked, ready, *args)
        return self._model.ask(self, method, asked, ready, args)

    return ask
''',
}
"""Functions and classes of a file, by name."""
