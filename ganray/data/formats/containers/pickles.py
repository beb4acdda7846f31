"""Python pickles of arrays and lists, read without unpickling: nothing is imported or called.

A pickle is a program, of which `pickle` runs whatever its file says. Here its few operations that
build numbers, strings, lists, dicts and NumPy's uint8 arrays are followed, as `pickletools` finds
them; a name is kept as a name, and all else refuses the file.
"""

from __future__ import annotations

import io
import math
import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from ganray.errors import RefusedInput, brief
from ganray.text.wording import AGAIN

_CORES = ("numpy.core.multiarray", "numpy._core.multiarray")
_KNOWN = {
    **{f"{core}._reconstruct": "array" for core in _CORES},
    "numpy.ndarray": "kind",
    "numpy.dtype": "dtype",
    "_codecs.encode": "bytes",  # by which Python 3 writes bytes for Python 2
}
_BYTES = ("SHORT_BINSTRING", "BINSTRING", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8")
_PLAIN = ("BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "BINFLOAT",
          "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", *_BYTES)  # fmt: skip
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MOST_OPERATIONS = 2_000_000  # CIFAR-100's largest has a tenth, and this many take seconds
_MARK = object()


@dataclass
class _Made:
    """What a pickle would have made by calling a name: that name, what with, and its state."""

    name: str
    given: tuple[Any, ...] = ()
    state: Any = None


@dataclass
class _Machine:
    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def pop(self, count: int) -> list[Any]:
        taken = self.stack[len(self.stack) - count :]
        if len(taken) < count or _MARK in taken:
            raise ValueError("an operation lacks its values")
        del self.stack[len(self.stack) - count :]
        return taken

    def last(self, kind: type) -> Any:
        if not self.stack or not isinstance(self.stack[-1], kind):
            raise ValueError("an operation lacks what it goes on with")
        return self.stack[-1]

    def pop_to_mark(self) -> list[Any]:
        for place in range(len(self.stack) - 1, -1, -1):
            if self.stack[place] is _MARK:
                taken = self.stack[place + 1 :]
                del self.stack[place:]
                return taken
        raise ValueError("an operation lacks its mark")


def read_pickle(data: bytes, where: str) -> dict[str, Any]:
    """What a pickled dict holds, by its text keys: numbers, text, bytes, lists, uint8 arrays.

    Raises:
        RefusedInput: it is damaged or no pickle, or would call or make anything else, by whose
            name it is refused.
    """
    machine = _Machine()
    try:
        operations = pickletools.genops(io.BytesIO(data))
        for operation, argument, _ in islice(operations, _MOST_OPERATIONS):
            if operation.name == "STOP":
                return _told(machine.pop(1)[0])
            _step(machine, operation.name, argument)
    except RefusedInput as refusal:
        raise RefusedInput(f"{where}: {refusal}") from None
    except Exception as error:  # whatever pickletools stumbles over
        raise RefusedInput(f"{where} is no readable pickle ({brief(error)}); {AGAIN}") from None
    raise RefusedInput(
        f"{where} is no readable pickle (it does not end after {_MOST_OPERATIONS} operations); "
        f"{AGAIN}"
    )


def _step(machine: _Machine, name: str, argument: Any) -> None:
    if name in _PLAIN:
        machine.stack.append(argument.encode("latin-1") if name in _BYTES[:2] else argument)
    elif name in _CONSTANTS:
        machine.stack.append(_CONSTANTS[name])
    elif name in _TUPLES:
        machine.stack.append(tuple(machine.pop(_TUPLES[name])))
    elif name in _STEPS:
        _STEPS[name](machine, argument)
    else:
        raise RefusedInput(f"its pickle uses {name}, which lists and arrays do not need")


def _global(machine: _Machine, argument: str) -> None:
    name = argument.replace(" ", ".")
    if name not in _KNOWN:
        raise RefusedInput(
            f"its pickle would call {name[:100]!r}; nothing is called, and only lists, text and "
            "NumPy's uint8 arrays are read"
        )
    machine.stack.append(_Made(_KNOWN[name]))


def _reduce(machine: _Machine, _: Any) -> None:
    made, given = machine.pop(2)
    if not isinstance(made, _Made) or not isinstance(given, tuple):
        raise ValueError("a call of what is no name")
    if made.name == "bytes":
        text, encoding = given
        if encoding not in ("latin1", "latin-1"):
            raise ValueError("bytes in another encoding than latin-1")
        machine.stack.append(text.encode("latin-1"))
    else:
        machine.stack.append(_Made(made.name, given))


def _build(machine: _Machine, _: Any) -> None:
    (state,) = machine.pop(1)
    machine.last(_Made).state = state


def _set_items(machine: _Machine, pairs: list[Any]) -> None:
    keys, values = pairs[::2], pairs[1::2]
    if len(keys) != len(values) or not all(isinstance(key, str | bytes) for key in keys):
        raise ValueError("a dict whose keys are no text")
    machine.last(dict).update(zip(keys, values, strict=True))


_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": lambda *_: None,
    "FRAME": lambda *_: None,
    "MARK": lambda machine, _: machine.stack.append(_MARK),
    "EMPTY_LIST": lambda machine, _: machine.stack.append([]),
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.pop_to_mark())),
    "APPEND": lambda machine, _: _extend(machine, machine.pop(1)),
    "APPENDS": lambda machine, _: _extend(machine, machine.pop_to_mark()),
    "SETITEM": lambda machine, _: _set_items(machine, machine.pop(2)),
    "SETITEMS": lambda machine, _: _set_items(machine, machine.pop_to_mark()),
    "BINPUT": lambda machine, place: machine.memo.update({place: machine.last(object)}),
    "LONG_BINPUT": lambda machine, place: machine.memo.update({place: machine.last(object)}),
    "MEMOIZE": lambda machine, _: machine.memo.update({len(machine.memo): machine.last(object)}),
    "BINGET": lambda machine, place: machine.stack.append(machine.memo[place]),
    "LONG_BINGET": lambda machine, place: machine.stack.append(machine.memo[place]),
    "GLOBAL": _global,
    "STACK_GLOBAL": lambda machine, _: _global(machine, ".".join(machine.pop(2))),
    "REDUCE": _reduce,
    "BUILD": _build,
}


def _extend(machine: _Machine, values: list[Any]) -> None:
    machine.last(list).extend(values)


def _told(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("it holds no dict")
    return {
        key.decode() if isinstance(key, bytes) else key: _array(one) for key, one in value.items()
    }


def _array(value: Any) -> Any:
    """A uint8 array where a pickle would make one, of the size that its bytes have."""
    if not isinstance(value, _Made):
        return value
    _, shape, kind, by_columns, data = value.state
    whole = value.name == "array" and kind.name == "dtype" and not by_columns
    if not whole or kind.given[0] not in ("u1", b"u1", "uint8"):
        raise RefusedInput("an array that is not of uint8 by rows; only such are read")
    if not all(isinstance(side, int) and side >= 0 for side in shape):
        raise ValueError("an array whose shape is none")
    if math.prod(shape) != len(data):
        raise ValueError(f"an array of {math.prod(shape)} bytes of which {len(data)} are there")
    return np.frombuffer(data, np.uint8).reshape(shape)
