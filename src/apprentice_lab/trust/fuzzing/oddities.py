"""Plain values (of JSON, of msgpack) made odd: what a byte flipped at random rarely leads to."""

from __future__ import annotations

import random
from typing import Any

_ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1,
    255,
    1 << 31,
    (1 << 63) - 1,
    1 << 63,
    -(1 << 63),
    0.5,
    -0.0,
    1e300,
    float("nan"),
    float("inf"),
    "",
    "x",
    "0",
    "-1",
    "é\0\n",
    "../../x",
    "x" * 3000,
    [],
    {},
    [[]],
    [None],
    {"": None},
    b"",
    b"\xff" * 20,
)
_LARGE = (10**30, -(10**400))  # JSON has numbers without end
_DEEP = 2000


def changed(value: Any, chance: random.Random) -> Any:
    """The same value with one thing in it changed: replaced, doubled, left out, moved, renamed or wrapped."""
    places = list(_places(value))
    place = chance.choice(places)
    if not place:
        return _other(value, chance, value)
    around = value
    for key in place[:-1]:
        around = around[key]
    key = place[-1]
    what = chance.random()
    if what < 0.15:
        del around[key]
    elif what < 0.25 and isinstance(around, dict):
        around[f"{key}{chance.choice(['', ' ', '_', '1'])}"] = around.pop(key)
    elif what < 0.3 and isinstance(around, list):
        around.insert(chance.randrange(len(around) + 1), around[key])
    elif what < 0.32 and isinstance(around, list):
        around.extend(around[:] * chance.choice([1, 10, 100]))
    else:
        around[key] = _other(around[key], chance, value)
    return value


def _other(value: Any, chance: random.Random, whole: Any) -> Any:
    """Another value in the place of one: odd, near to it, or from elsewhere."""
    what = chance.random()
    if isinstance(value, bool) or what < 0.4:
        return chance.choice(_ODD)
    if what < 0.5 and isinstance(value, int | float):
        return chance.choice([*_LARGE, -value, value + 1, value - 1, value * 2, value * 1_000_000, str(value)])
    if what < 0.55:
        return _deep(chance.choice([3, 40, _DEEP]))
    if what < 0.7:
        return [value] if chance.random() < 0.5 else {"x": value}
    found: Any = whole
    for key in chance.choice(list(_places(whole))):
        found = found[key]
    return found


def _deep(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def _places(value: Any, at: tuple[Any, ...] = ()) -> Any:
    """The way to each value inside, the whole first."""
    yield at
    if len(at) > 30:
        return
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield from _places(one, (*at, key))
