"""Tables of how doubt ranks objects, and of how many objects users looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from apprentice_lab.bench import report
from apprentice_lab.bench.doubt_images import LookedAt
from apprentice_lab.bench.doubt_users import at_random, led, looks_needed

_FIRST = 20


def write(out: Path, settings: dict[str, Any], images: Sequence[LookedAt], users: int, seed: int) -> Iterator[str]:
    """Write rows, results and a page; yields the page."""
    ranking = rank(images, seed)
    looks = list(look(images, users, seed))
    seconds = {name: sum(one.seconds[name] for one in images) for name in ("predict", "decode", "doubt")}
    share = seconds["doubt"] / max(seconds["predict"] + seconds["decode"], 1e-9)
    about = {
        "settings": settings,
        "images": len(images),
        "objects": int(sum(len(one.wrong) for one in images)),
        "wrong": int(sum(one.wrong.sum() for one in images)),
        **missed_in(images),
        "seconds": seconds,
        "doubt_share": share,
    }
    report.write(out, {**about, "ranking": ranking, "users": looks})
    rows = [
        {"image": one.name, "wrong": int(one.wrong[i]), **{name: values[i] for name, values in one.measures.items()}}
        for one in images
        for i in range(len(one.wrong))
    ]
    if rows:
        report.write_rows(out / "objects.csv", rows)
    if looks:
        report.write_rows(out / "users.csv", looks)
    page = _page(about, ranking, looks)
    (out / "doubt.md").write_text(page + "\n", encoding="utf-8")
    yield page


def rank(images: Sequence[LookedAt], seed: int) -> list[dict[str, Any]]:
    """How well each measure ranks the objects of all images: AUC, and how many of the first 20 are wrong."""
    wrong = np.concatenate([one.wrong for one in images])
    chance = np.random.default_rng(seed).random(len(wrong))
    measures = {name: np.concatenate([one.measures[name] for one in images]) for name in images[0].measures}
    return [
        {"measure": name, "auc": auc(values, wrong), "first": first_wrong(values, wrong)}
        for name, values in {"chance": chance, **measures}.items()
    ]


def auc(values: NDArray[np.float64], wrong: NDArray[np.bool_]) -> float | None:
    """How likely a wrong object has a larger value than a right one; None without either."""
    positive, negative = int(wrong.sum()), int((~wrong).sum())
    if not positive or not negative:
        return None
    ranks = rankdata(values)
    return float((ranks[wrong].sum() - positive * (positive + 1) / 2) / (positive * negative))


def first_wrong(values: NDArray[np.float64], wrong: NDArray[np.bool_], count: int = _FIRST) -> float:
    """The share of wrong ones among those with the largest values."""
    first = np.argsort(-values, kind="stable")[:count]
    return float(wrong[first].mean()) if len(first) else 0.0


def missed_in(images: Sequence[LookedAt]) -> dict[str, int]:
    """Annotated objects that were missed, how many of them places without an object lie on, and such places."""
    on = sum(
        len({int(row) for row in one.truth_at[one.doubts.missed] if row >= 0 and one.missed[row]}) for one in images
    )
    return {
        "missed": int(sum(one.missed.sum() for one in images)),
        "missed_shown": on,
        "places": int(sum(one.doubts.missed.sum() for one in images)),
    }


def look(images: Sequence[LookedAt], users: int, seed: int) -> Iterator[dict[str, Any]]:
    """How many objects each user looks at in all images together, led and at random."""
    for user in range(users):
        counts = []
        for order in (led, at_random):
            rngs = (np.random.default_rng([seed, user, number]) for number in range(len(images)))
            counts.append(sum(looks_needed(one, order(one, rng)) for one, rng in zip(images, rngs, strict=True)))
        share = counts[0] / counts[1] if counts[1] else None
        yield {"user": user, "led": counts[0], "random": counts[1], "share": share}


def _page(about: dict[str, Any], ranking: Sequence[dict[str, Any]], looks: Sequence[dict[str, Any]]) -> str:
    head = ["measure", "AUC", f"wrong among the first {_FIRST}"]
    body = [
        [one["measure"], "-" if one["auc"] is None else f"{one['auc']:.3f}", f"{one['first']:.2f}"] for one in ranking
    ]
    shares = [one["share"] for one in looks if one["share"] is not None]
    led_looks, random_looks = ([one[name] for one in looks] for name in ("led", "random"))
    seconds = about["seconds"]
    lines = [
        f"{about['objects']} objects in {about['images']} images, {about['wrong']} of them wrong; "
        f"{about['missed']} annotated objects missed, {about['missed_shown']} of them among {about['places']} places "
        "without an object.",
        report.markdown(head, body),
        f"Predicting {seconds['predict']:.2f} s, decoding {seconds['decode']:.2f} s, doubt {seconds['doubt']:.2f} s "
        f"({about['doubt_share']:.1%} of the other two).",
    ]
    if shares:
        lines.append(
            f"Objects looked at until AP .50 is .90, {len(looks)} users: {np.mean(led_looks):.0f} with Next, "
            f"{np.mean(random_looks):.0f} at random: {np.mean(shares):.0%} ({min(shares):.0%} to {max(shares):.0%})."
        )
    return "\n\n".join(lines)
