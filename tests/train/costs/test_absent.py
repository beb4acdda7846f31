"""What torch loads in vain is spared, and there for whoever wants it after all.

In processes of their own, as a module is loaded once.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

BEGIN = """
import sys
import torch
from ganray.train.costs.absent import _Absent, spared

assert "torch._dynamo" not in sys.modules and "sympy" not in sys.modules
"""
COUNTS = """
from ganray.models import DefenseGan
from ganray.train import WganGp
from ganray.train.costs.flops import gan_flops
from ganray.train.costs.memory import gan_memory

gan_flops((1, 8, 8), DefenseGan(width=2), WganGp(batch=2))
gan_memory((1, 8, 8), DefenseGan(width=2), WganGp(batch=2))
assert "torch._dynamo" not in sys.modules and "sympy" not in sys.modules
assert not hasattr(torch.fx.experimental, "symbolic_shapes")
left = {
    (name, key) for name, module in list(sys.modules.items())
    if name.startswith("torch")
    for key, value in list(vars(module).items())
    if isinstance(value, _Absent) or getattr(value, "__module__", "") == _Absent.__module__
}
assert not left, left
"""
BELOW = """
with spared():
    from sympy.abc import x
    import torch._dynamo.utils
import sympy
assert isinstance(x, sympy.Symbol) and x is sympy.abc.x
assert torch._dynamo.utils is sys.modules["torch._dynamo.utils"]
assert type(torch._dynamo.utils.__spec__.loader).__name__ == "SourceFileLoader"
assert torch._dynamo.disable.__module__.startswith("torch.")
assert type(sys.meta_path[0]).__name__ != "_Below"
"""
DECORATED = """
with spared():
    @torch.compiler.disable(recursive=False)
    def twice(x):
        return 2 * x

    assert twice(3) == 6
"""
HIDDEN = """
calls = []

@torch._disable_dynamo
def hidden(x):
    calls.append(torch.compiler.is_compiling())
    return x + 1

with spared():
    assert hidden(torch.zeros(1)) == 1
assert "torch._dynamo" not in sys.modules
compiled = torch.compile(lambda x: hidden(x) * 2, backend="eager")
assert compiled(torch.zeros(1)) == 2 and calls == [False, False]
assert hidden.__wrapped__.__dynamo_disable.__wrapped__ is hidden.__wrapped__
"""


@pytest.mark.parametrize(
    "rest",
    [
        COUNTS,
        BELOW,
        pytest.param(DECORATED, marks=pytest.mark.slow),
        pytest.param(HIDDEN, marks=pytest.mark.slow),
    ],
    ids=["counts", "below", "decorated", "hidden"],
)
def test_it(rest):
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + rest], capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
