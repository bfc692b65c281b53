"""A small form for any settings class: one field per setting, its default, limits and help from where they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin

import annotated_types
from magicgui.widgets import ComboBox, FloatSpinBox, create_widget
from magicgui.widgets.bases import RangedWidget, ValueWidget
from pydantic.fields import FieldInfo
from qtpy.QtWidgets import QWidget

from napari_apprentice.gui.widgets.filefield import FileField
from napari_apprentice.gui.widgets.rows import Fields
from napari_apprentice.settings import Settings

S = TypeVar("S", bound=Settings)
_MOST = 1_000_000  # that a field offers where a setting has no limit
_MOST_DECIMALS = 323  # that Qt can show


class Form(QWidget, Generic[S]):
    """Fields for the settings named in ``names`` (all of the class when None).

    ``changed`` is called with new settings when the user changes a field; unnamed settings stay as they are.
    """

    def __init__(
        self,
        settings: S,
        changed: Callable[[S], None],
        names: Iterable[str] | None = None,
        labels: dict[str, str] | None = None,
    ) -> None:
        super().__init__()
        self._settings = settings
        self._changed = changed
        self.fields: dict[str, ValueWidget | FileField] = {}
        rows = Fields()
        self.setLayout(rows)
        known = type(settings).model_fields
        for name in known if names is None else names:
            widget = field(known[name], getattr(settings, name))
            widget.changed.connect(self._on_changed)
            self.fields[name] = widget
            words = (labels or {}).get(name, name.replace("_", " ").capitalize())
            rows.add(words, widget.native, known[name].description or "")

    @property
    def settings(self) -> S:
        """What the fields say."""
        return self._settings

    def show_settings(self, settings: S) -> None:
        """Put settings into the fields without telling anyone."""
        self._settings = settings
        known = type(settings).model_fields
        for name, widget in self.fields.items():
            with widget.changed.blocked():
                _put(widget, _shown(known[name], getattr(settings, name)))

    def offer(self, name: str, choices: list[str], words: Mapping[str, str] | None = None) -> None:
        """Offer only these for a setting with choices, under their ``words``; what is set stays among them."""
        widget = self.fields[name]
        value = getattr(self._settings, name)
        if isinstance(widget, ComboBox):
            with widget.changed.blocked():
                widget.choices = [((words or {}).get(one, one), one) for one in dict.fromkeys([*choices, value])]
                widget.value = value

    def show_unit(self, name: str, unit: str) -> None:
        """Show a unit behind the number of a setting."""
        spin: Any = self.fields[name].native
        spin.setSuffix(f" {unit}")

    def _on_changed(self, _value: Any = None) -> None:
        known = type(self._settings).model_fields
        values = {name: _plain(known[name], widget.value) for name, widget in self.fields.items()}
        new = type(self._settings).model_validate({**dict(self._settings), **values})
        old, self._settings = self._settings, new
        if any(widget.value != _shown(known[name], values[name]) for name, widget in self.fields.items()):
            self.show_settings(new)  # what was typed was lower than the setting may be
        if new != old:
            self._changed(new)


def field(info: FieldInfo, value: Any) -> ValueWidget | FileField:
    """One widget for one setting; a number that may be empty shows its word for empty at 0."""
    kind = _kind(info)
    if get_origin(kind) is Literal:
        return _widget(value, options={"choices": list(get_args(kind))}, widget_type="ComboBox")
    if kind is Path:
        return FileField(value)
    if kind is bool:
        return _widget(value, widget_type="CheckBox")
    limits = _limits(info)
    options: dict[str, Any] = {"min": limits.get("min", 0), "max": limits.get("max", _MOST)}
    if kind is float:
        options["step"] = _step(limits["max"] / 100 if value is None and "max" in limits else value)
        options["min"] = max(options["min"], options["step"]) if "above" in limits else options["min"]
    if _may_be_empty(info):
        options["min"] = 0
        if kind is int:
            options["step"] = int(limits.get("min", 1))  # from empty at once to the lowest there is
    # superqt's field for whole numbers, which magicgui takes, has no word for empty
    floating = kind is float or _may_be_empty(info)
    widget = _widget(options["min"], options, "FloatSpinBox" if floating else "SpinBox")
    spin = widget.native
    if _may_be_empty(info):
        spin.setSpecialValueText("automatic")
        spin.setKeyboardTracking(False)  # the first digit of a number may be lower than it may be
    if kind is int and floating:
        spin.setDecimals(0)
    if kind is float:
        spin.setDecimals(1 if options["step"] >= 0.1 else 2 if options["step"] >= 0.01 else 5)
    _put(widget, _shown(info, value))
    return widget


def _put(widget: ValueWidget | FileField, value: Any) -> None:
    """Show a value; one that a script or a project has chosen may lie beyond what the field offers, or between."""
    if isinstance(widget, RangedWidget):
        widget.min, widget.max = min(widget.min, value), max(widget.max, value)
    if isinstance(widget, FloatSpinBox) and isinstance(value, float):
        digits = -int(Decimal(repr(value)).as_tuple().exponent)
        widget.native.setDecimals(max(widget.native.decimals(), min(digits, _MOST_DECIMALS)))
    widget.value = value


def _widget(value: Any, options: dict[str, Any] | None = None, widget_type: str = "") -> ValueWidget:
    made = create_widget(value=value, widget_type=widget_type, options=options or {})
    if not isinstance(made, ValueWidget):
        raise TypeError(f"{widget_type} holds no value")
    return made


def _kind(info: FieldInfo) -> Any:
    """The type without None."""
    inner = [part for part in get_args(info.annotation) if part is not type(None)]
    return inner[0] if _may_be_empty(info) and inner else info.annotation


def _may_be_empty(info: FieldInfo) -> bool:
    return get_origin(info.annotation) is not Literal and type(None) in get_args(info.annotation)


def _limits(info: FieldInfo) -> dict[str, float]:
    found: dict[str, float] = {}
    for mark in info.metadata:
        if isinstance(mark, annotated_types.Ge):
            found["min"] = float(mark.ge)  # type: ignore[arg-type]
        elif isinstance(mark, annotated_types.Gt):
            found["min"] = found["above"] = float(mark.gt)  # type: ignore[arg-type]
        elif isinstance(mark, annotated_types.Le):
            found["max"] = float(mark.le)  # type: ignore[arg-type]
    return found


def _step(value: float | None) -> float:
    """One tenth of small values, one of large ones."""
    if value is None or value >= 10:
        return 1.0
    return 10.0 ** (len(str(int(1 / value))) * -1) if 0 < value < 0.1 else 0.05


def _shown(info: FieldInfo, value: Any) -> Any:
    """A number that is empty is 0 in its field."""
    return 0 if value is None and _is_number(info) else value


def _plain(info: FieldInfo, value: Any) -> Any:
    """What a field says: 0 is an empty number where that may be, and what lies between is the lowest there is."""
    if not (_may_be_empty(info) and _is_number(info)):
        return value
    return None if value == 0 else _kind(info)(max(value, _limits(info).get("min", value)))


def _is_number(info: FieldInfo) -> bool:
    return _kind(info) in (int, float)
