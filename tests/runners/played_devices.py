"""Answers as `engine.selfcheck` does, for devices that are not here: one right, and others wrong in a way each."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

NAMES = {"cpu": "CPU, 2 threads", "cuda": "CUDA: a card", "mps": "Apple MPS: a chip"}


def main(words: list[str]) -> None:
    how = dict(one.split("=") for one in os.environ["PLAYED_DEVICES"].split(","))  # such as cuda=right,mps=wrong
    if not words:
        if how.get("cpu") == "hangs":
            time.sleep(60)
        here = [name for name in NAMES if name == "cpu" or name in how]
        said = [{"name": name, "words": NAMES[name], "key": f"{NAMES[name]}, torch 9"} for name in here]
        sys.stdout.write(json.dumps(said) + "\n")
        return
    name, place = words[0], Path(words[1])
    kind = how.get(name, "right")
    if kind == "crashes":
        os.abort()
    if kind == "full":
        sys.stdout.write(json.dumps({"no_memory": True}) + "\n")
        return
    if kind == "hangs":
        time.sleep(60)
    says = np.linspace(-1, 1, 64, dtype=np.float32)
    said_there = {"right": says + 1e-4, "wrong": says[::-1], "nan": says * np.nan}[kind]
    np.save(place / "exact.npy", says if name == "cpu" else said_there)
    np.save(place / "quick.npy", said_there)
    sys.stdout.write("what a library prints\n" + json.dumps({"ms_per_megapixel": 40.0, "free_bytes": 8 * 10**9}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
