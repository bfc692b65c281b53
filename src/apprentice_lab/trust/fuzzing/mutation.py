"""Another input made from one: what is packed is taken apart, what is a plain value becomes an odd one."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable
from typing import Any

import msgpack

from apprentice_lab.trust.fuzzing import oddities
from apprentice_lab.trust.fuzzing.packings import LARGEST_PART, PACKINGS

Mutate = Callable[[bytes, int], bytes]  # of the fuzzer: bytes, and how many there may be
_NOT_ITS_KIND = (  # what is raised over content that was changed so that it cannot be taken apart any more
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    OSError,
    OverflowError,
    RecursionError,
    struct.error,
    msgpack.UnpackException,
)


def mutated(content: bytes, name: str, largest: int, chance: random.Random, mutate: Mutate) -> bytes:
    """Another file of the same kind, which the end of its ``name`` tells: one part of it changed, or as bytes."""
    if chance.random() < 0.05:
        return mutate(content, largest)
    packing = next((found for end, found in PACKINGS.items() if name.endswith(end)), None)
    if packing is not None:
        try:
            parts = packing.unpack(content)
            names = list(parts)
            chosen = chance.choice(names)
            what = chance.random()
            if what < 0.04 and len(names) > 1:
                del parts[chosen]
            elif what < 0.08:
                parts[chosen] = parts[chance.choice(names)]
            else:
                parts[chosen] = mutated(parts[chosen], chosen, LARGEST_PART, chance, mutate)
            return packing.pack(parts)
        except _NOT_ITS_KIND:
            return mutate(content, largest)
    if name.endswith((".json", ".zattrs", ".zgroup", ".zarray")) and chance.random() < 0.8:
        return _odd(
            content, chance, json.loads, lambda value: json.dumps(value, default=repr).encode(), mutate, largest
        )
    if name.endswith(".msgpack") and chance.random() < 0.8:
        return _odd(content, chance, msgpack.unpackb, lambda value: msgpack.packb(value, default=repr), mutate, largest)
    return mutate(content, largest)


def _odd(
    content: bytes,
    chance: random.Random,
    load: Callable[[bytes], Any],
    dump: Callable[[Any], bytes],
    mutate: Mutate,
    largest: int,
) -> bytes:
    try:
        return dump(oddities.changed(load(content), chance))
    except _NOT_ITS_KIND:
        return mutate(content, largest)
