"""Fields for one number that may be left empty."""

from __future__ import annotations

from qtpy.QtCore import QLocale
from qtpy.QtGui import QDoubleValidator
from qtpy.QtWidgets import QLineEdit


class NumberField(QLineEdit):
    """A number with a point, whatever the language of the system; empty is None."""

    def __init__(self, tip: str = "", empty: str = "") -> None:
        super().__init__()
        self.setToolTip(tip)
        self.setPlaceholderText(empty)
        validator = QDoubleValidator(self)
        validator.setLocale(QLocale.c())
        self.setValidator(validator)

    @property
    def number(self) -> float | None:
        """What stands in it; None for nothing, and while it is no number yet."""
        try:
            return float(self.text())
        except ValueError:
            return None
