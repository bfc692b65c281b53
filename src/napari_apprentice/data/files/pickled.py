"""The values in a pickle, read as data: nothing in it is ever called, imported or built.

A pickle is a program for a small stack machine. This one runs the steps that plain values and NumPy's arrays are
made of. Names of functions stay names: an array is a note of what its pickle says about it until `Array.numbers` has
compared type and size with what is there. Memory is in proportion to the file, as no step copies and steps are counted.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable
from typing import IO, Any, BinaryIO, cast

from napari_apprentice.data.files.pickled_values import MADE, Array, DType, Name, Refused

_MOST_STEPS = 1_000_000  # each makes at most one small value


def load(file: BinaryIO) -> Any:
    """What the pickle that begins here holds, arrays as `Array`; `Refused` when that is more than plain values."""
    machine = _Machine()
    rest = cast(IO[bytes], _Rest(file))  # what `genops` needs of a file
    try:
        for step, (opcode, argument, _place) in enumerate(pickletools.genops(rest)):
            if step == _MOST_STEPS:
                raise Refused("it holds too many values")
            machine.do(opcode.name, argument)
        return machine.stack.pop()
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise error if isinstance(error, Refused) else Refused("it is damaged") from error


class _Rest:
    """The rest of a file; a reader that claims more than there is gets what there is."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.tell, self.readline = file.tell, file.readline
        here = file.tell()
        self._end = file.seek(0, io.SEEK_END)
        file.seek(here)

    def read(self, size: int) -> bytes:
        return self._file.read(max(0, min(size, self._end - self._file.tell())))


class _Machine:
    """The stack, what lies under marks, and what was put aside under numbers."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self._below: list[list[Any]] = []
        self._aside: dict[int, Any] = {}

    def do(self, step: str, argument: Any) -> None:
        """One step."""
        if step in _PUSHED:
            self.stack.append(argument)
        elif step in _CONSTANTS:
            self.stack.append(_CONSTANTS[step]())
        elif step in _STEPS:
            _STEPS[step](self, argument)
        elif step not in _NOTHING:
            raise Refused(f"it wants to do {step}")

    def mark(self, _argument: Any) -> None:
        self._below.append(self.stack)
        self.stack = []

    def marked(self, _argument: Any = None) -> list[Any]:
        above, self.stack = self.stack, self._below.pop()
        return above

    def stack_marked(self, kind: Callable[[list[Any]], Any]) -> None:
        values = kind(self.marked())
        self.stack.append(values)

    def last(self, count: int) -> list[Any]:
        return [self.stack.pop() for _ in range(count)][::-1]

    def append(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, list):
            raise Refused("it is damaged")
        target.extend(values)

    def set_items(self, values: list[Any]) -> None:
        target = self.stack[-1]
        keys = values[::2]
        if not isinstance(target, dict) or len(values) % 2 or not all(type(key) in (str, int) for key in keys):
            raise Refused("it is damaged")
        target.update(zip(keys, values[1::2], strict=True))

    def put(self, number: int | None) -> None:
        self._aside[len(self._aside) if number is None else number] = self.stack[-1]

    def get(self, number: int) -> None:
        self.stack.append(self._aside[number])

    def name(self, words: str | None) -> None:
        if words is None:
            module, name = self.last(2)
        else:
            module, _, name = words.partition(" ")
        if type(module) is not str or type(name) is not str:
            raise Refused("it is damaged")
        self.stack.append(Name(module, name))

    def call(self, _argument: Any) -> None:
        named, arguments = self.last(2)
        if not isinstance(named, Name):
            raise Refused("it wants to run something")
        made = MADE.get((named.package, named.name))
        if made is None:
            raise Refused(f"it wants to run {named.words}")
        self.stack.append(made(*arguments))

    def build(self, _argument: Any) -> None:
        state = self.stack.pop()
        if not isinstance(self.stack[-1], Array | DType):
            raise Refused("it is damaged")
        self.stack[-1].build(state)


_PUSHED = frozenset(
    {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"}
    | {"UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8"}
)
_NOTHING = frozenset({"PROTO", "FRAME", "STOP"})
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
}
_STEPS: dict[str, Callable[[_Machine, Any], Any]] = {
    "MARK": _Machine.mark,
    "POP_MARK": _Machine.marked,
    "POP": lambda machine, _: machine.stack.pop(),
    "DUP": lambda machine, _: machine.stack.append(machine.stack[-1]),
    "TUPLE": lambda machine, _: machine.stack_marked(tuple),
    "TUPLE1": lambda machine, _: machine.stack.append(tuple(machine.last(1))),
    "TUPLE2": lambda machine, _: machine.stack.append(tuple(machine.last(2))),
    "TUPLE3": lambda machine, _: machine.stack.append(tuple(machine.last(3))),
    "LIST": lambda machine, _: machine.stack_marked(list),
    "APPEND": lambda machine, _: machine.append([machine.stack.pop()]),
    "APPENDS": lambda machine, _: machine.append(machine.marked()),
    "SETITEM": lambda machine, _: machine.set_items(machine.last(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.marked()),
    "PUT": _Machine.put,
    "BINPUT": _Machine.put,
    "LONG_BINPUT": _Machine.put,
    "MEMOIZE": _Machine.put,
    "GET": _Machine.get,
    "BINGET": _Machine.get,
    "LONG_BINGET": _Machine.get,
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.name,
    "REDUCE": _Machine.call,
    "BUILD": _Machine.build,
}
