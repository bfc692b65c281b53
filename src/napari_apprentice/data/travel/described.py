"""What the description in a package of bioimage.io says of its model, in the formats 0.4 and 0.5; only data is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from napari_apprentice.data.travel.told import KEY
from napari_apprentice.errors import UserError
from napari_apprentice.settings import NormalizeSettings, Triple

_UNITS = {"micrometer": "um", "nanometer": "nm", "millimeter": "mm"}
_ORDER = "zyx"
_FORMATS = ("onnx", "torchscript")
_DESCRIPTIONS = ("rdf.yaml", "bioimageio.yaml", "model.yaml")
_MOST_PARTS = 200_000  # of a description, written out
Size = tuple[int, int]  # the smallest, and by how many it grows (0: it does not)


@dataclass(frozen=True)
class Tensor:
    """An input or output: ``axes`` by letters, ``sizes`` (z, y, x) where they are told, names of its channels."""

    name: str
    axes: str
    channels: tuple[str, ...]
    sizes: Mapping[str, Size]
    halo: Mapping[str, int]


@dataclass(frozen=True)
class Described:
    """A model as its package describes it. ``weights``: format to name of a file and its SHA-256."""

    name: str
    licence: str
    notes: str
    input: Tensor
    output: Tensor
    normalize: NormalizeSettings
    activation: str
    spacing: tuple[float, float, float] | None
    unit: str
    offsets: tuple[Triple, ...]
    weights: Mapping[str, tuple[str, str]]
    is_ours: bool


def described(text: bytes) -> Described:
    """Read a description; `UserError` for one that is none, or that says what cannot be done here."""
    try:
        _refuse_bomb(text)
        return _described(yaml.safe_load(text))
    except UserError:
        raise
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise UserError("The description in the package is damaged (no YAML): get the package again.") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
        why = " ".join(str(error).split())[:120]
        raise UserError(
            f"The description in the package lacks what is needed ({why}): it has to be a model of bioimage.io, "
            "format 0.4 or 0.5."
        ) from error


def is_description(name: str) -> bool:
    """Whether a file of a package, by its name in it, describes the model."""
    plain = name.rsplit("/", 1)[-1]
    return name.count("/") < 2 and (plain in _DESCRIPTIONS or plain.endswith((".rdf.yaml", ".bioimageio.yaml")))


def _refuse_bomb(text: bytes) -> None:
    """`UserError` for a text that names its own parts again and again, and would fill the memory written out."""
    parts: dict[int, int] = {}

    def count(node: Any) -> int:
        if id(node) not in parts:
            parts[id(node)] = _MOST_PARTS  # what lies in itself has no end
            if isinstance(node, yaml.MappingNode):
                inner = [one for pair in node.value for one in pair]
            else:
                inner = node.value if isinstance(node, yaml.SequenceNode) else []
            parts[id(node)] = 1 + sum(map(count, inner))
        return parts[id(node)]

    top = yaml.compose(text, yaml.SafeLoader)
    if top is not None and count(top) >= _MOST_PARTS:
        raise UserError("The description in the package is too long for that of a model: choose another package.")


def _described(told: Any) -> Described:
    if not isinstance(told, dict) or told.get("type", "model") != "model":
        raise UserError("The package describes no model: choose a model of bioimage.io.")
    if len(told["inputs"]) != 1:
        raise UserError(f"The model takes {len(told['inputs'])} images at once, and here it gets one: choose another.")
    if len(told["outputs"]) != 1:
        raise UserError(f"The model has {len(told['outputs'])} outputs, and one is used here: choose another.")
    old = str(told.get("format_version", "0.5")).startswith(("0.3", "0.4"))
    given, made = told["inputs"][0], told["outputs"][0]
    image, maps = (_old if old else _new)(given), (_old if old else _new)(made)
    config = told.get("config") or {}
    pairs = config.get("mws", {}).get("offsets", []) if isinstance(config, dict) else []
    spacing, unit = (None, "pixel") if old else _spacing(given)
    return Described(
        name=" ".join(str(told["name"]).split())[:120] or "a model without a name",
        licence=str(told.get("license") or ""),
        notes=_cited(told),
        input=image,
        output=maps,
        normalize=normalize_of(given.get("preprocessing") or [], image.axes),
        activation=_activation(made.get("postprocessing") or []),
        spacing=spacing,
        unit=unit,
        offsets=tuple(_three(one) for one in pairs),
        weights={
            form: (_source(one), str(one.get("sha256") or "")) for form, one in dict(told["weights"]).items() if one
        },
        is_ours=isinstance(config, dict) and KEY in config,
    )


def _new(told: Mapping[str, Any]) -> Tensor:
    """A tensor of format 0.5."""
    letters = ""
    channels: tuple[str, ...] = ()
    sizes: dict[str, Size] = {}
    halo: dict[str, int] = {}
    for axis in told["axes"]:
        letter = {"batch": "b", "channel": "c", "space": str(axis.get("id", "x"))}.get(axis["type"], "")
        if letter not in ("b", "c", *_ORDER):
            raise UserError(f"The model has an axis of {axis['type']}, which is not used here: choose another model.")
        letters += letter
        if letter == "c":
            channels = tuple(str(one) for one in axis.get("channel_names") or ())
        size = axis.get("size")
        if letter in _ORDER and isinstance(size, int):
            sizes[letter] = (size, 0)
        elif letter in _ORDER and isinstance(size, dict) and "min" in size:
            sizes[letter] = (int(size["min"]), int(size.get("step", 0)))
        halo[letter] = int(axis.get("halo") or 0)
    return Tensor(str(told.get("id", "")), letters, channels, sizes, halo)


def _old(told: Mapping[str, Any]) -> Tensor:
    """A tensor of format 0.4, in which axes are letters and nothing has a name but the tensor."""
    letters, shape = str(told["axes"]), told.get("shape") or {}
    if set(letters) - set("bczyx"):
        raise UserError(f"The model has the axes {letters}, which are not all used here: choose another model.")
    sizes: dict[str, Size] = {}
    if isinstance(shape, list):
        sizes = {letter: (int(n), 0) for letter, n in zip(letters, shape, strict=True)}
    elif "min" in shape:
        steps = zip(letters, shape["min"], shape["step"], strict=True)
        sizes = {letter: (int(least), int(step)) for letter, least, step in steps}
    halo = dict(zip(letters, map(int, told.get("halo") or [0] * len(letters)), strict=True))
    return Tensor(str(told["name"]), letters, (), {k: v for k, v in sizes.items() if k in _ORDER}, halo)


def normalize_of(steps: Sequence[Mapping[str, Any]], axes: str) -> NormalizeSettings:
    """Steps before the network as one line for each channel; `UserError` for those that are none."""
    found: dict[str, Any] = {"by": "values", "gain": 0.0, "mends": False}
    scale: tuple[float, ...] = (1.0,)
    offset: tuple[float, ...] = (0.0,)
    for step in steps:
        name, kwargs = str(step.get("id") or step.get("name")), dict(step.get("kwargs") or {})
        if name == "ensure_dtype":
            continue
        if found.get("clip") is not None or name not in _LINES:
            raise UserError(f"The model wants {name} done to the image, which is not done here: choose another model.")
        changes, times, plus = _LINES[name](kwargs)
        if changes.get("by") in ("percentiles", "mean"):
            scale, offset = (1.0,), (0.0,)  # what was done before, but for its sign, makes no difference
            changes["together"] = "c" in _letters(kwargs.get("axes"), axes)
        found |= changes
        count = max(len(scale), len(times), len(plus))
        scale, times, plus, offset = (_to(count, values) for values in (scale, times, plus, offset))
        offset = tuple(o * t + p for o, t, p in zip(offset, times, plus, strict=True))
        scale = tuple(s * t for s, t in zip(scale, times, strict=True))
    return NormalizeSettings(**found, scale=scale, offset=offset)


def _to(count: int, values: tuple[float, ...]) -> tuple[float, ...]:
    return values if len(values) == count else values[:1] * count


def _letters(axes: Any, all_axes: str) -> str:
    if axes is None:
        return all_axes
    named = {"channel": "c", "batch": "b"}
    return "".join(named.get(str(one), str(one)) for one in axes)


def _numbers(value: Any) -> tuple[float, ...]:
    return tuple(float(one) for one in value) if isinstance(value, list) else (float(value),)


_Line = tuple[dict[str, Any], tuple[float, ...], tuple[float, ...]]


def _scale_range(told: dict[str, Any]) -> _Line:
    ends = {"low": float(told.get("min_percentile", 0)), "high": float(told.get("max_percentile", 100))}
    return {"by": "percentiles", **ends}, (1.0,), (0.0,)


def _unit_variance(told: dict[str, Any]) -> _Line:
    if told.get("mode") == "fixed" or "mean" in told:
        return _fixed(told)
    return {"by": "mean"}, (1.0,), (0.0,)


def _fixed(told: dict[str, Any]) -> _Line:
    means, deviations = _numbers(told["mean"]), _numbers(told["std"])
    return {}, tuple(1 / one for one in deviations), tuple(-m / d for m, d in zip(means, deviations, strict=True))


def _linear(told: dict[str, Any]) -> _Line:
    return {}, _numbers(told.get("gain", 1.0)), _numbers(told.get("offset", 0.0))


def _clip(told: dict[str, Any]) -> _Line:
    low, high = told.get("min"), told.get("max")
    return {"clip": (-3.0e38 if low is None else float(low), 3.0e38 if high is None else float(high))}, (1.0,), (0.0,)


_LINES: Mapping[str, Callable[[dict[str, Any]], _Line]] = {
    "scale_range": _scale_range,
    "zero_mean_unit_variance": _unit_variance,
    "fixed_zero_mean_unit_variance": _fixed,
    "scale_linear": _linear,
    "clip": _clip,
}


def _activation(steps: Sequence[Mapping[str, Any]]) -> str:
    names = [str(step.get("id") or step.get("name")) for step in steps]
    names = [name for name in names if name != "ensure_dtype"]
    if names in (["sigmoid"], ["softmax"]):
        return names[0]
    if names:
        raise UserError(f"The model wants {', '.join(names)} done to its maps, which is not done here: choose another.")
    return "none"


def _spacing(told: Mapping[str, Any]) -> tuple[tuple[float, float, float] | None, str]:
    steps, units = {}, set()
    for axis in told["axes"]:
        if axis["type"] == "space" and axis.get("unit") in _UNITS:
            steps[str(axis.get("id", "x"))] = float(axis.get("scale", 1.0))
            units.add(_UNITS[axis["unit"]])
    if len(units) != 1 or not {"y", "x"} <= set(steps):
        return None, "pixel"
    return (steps.get("z", 1.0), steps["y"], steps["x"]), units.pop()


def _cited(told: Mapping[str, Any]) -> str:
    """Who made it, and what to cite."""
    authors = ", ".join(
        str(one.get("name", one) if isinstance(one, dict) else one) for one in told.get("authors") or []
    )
    papers = "; ".join(
        f"{one.get('text', '')} {one.get('doi') or one.get('url') or ''}".strip() for one in told.get("cite") or []
    )
    return f"by {authors or 'nobody named'}; cite: {papers or 'nothing told'}"[:2000]


def _three(offset: Sequence[Any]) -> Triple:
    if len(offset) not in (2, 3):
        raise UserError(
            f"The description in the package has an offset of {len(offset)} numbers: it has to be y x, or z y x."
        )
    whole = [0] * (3 - len(offset)) + [int(one) for one in offset]
    z, y, x = whole
    return z, y, x


def _source(told: Mapping[str, Any]) -> str:
    return str(told["source"])
