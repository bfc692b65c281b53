"""What a tool is: one class in one file, entered in `table.TOOLS`; buttons, keys, tooltips and the sheet follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.keys import key_words, napari_key
from napari_apprentice.settings import Kind

Place = Literal["icon", "word", "menu", ""]
UNDER_CURSOR = "The object under the cursor"  # a heading of the sheet of keys


@dataclass(frozen=True)
class Switch:
    """Something that a tool does in two ways: a check box while it is in the hand."""

    title: str
    about: str  # the tooltip
    is_on: bool
    turn: Callable[[bool], None]


@dataclass(frozen=True)
class Choice:
    """What a tool does, one of several: a row of buttons while it is in the hand."""

    title: str  # unique among those of the tool
    options: Mapping[str, str]  # what stands on each button, and its tooltip
    chosen: str
    choose: Callable[[str], None]


@dataclass(frozen=True)
class Amount:
    """By how much a tool does it: a field while it is in the hand."""

    title: str
    unit: str
    about: str  # the tooltip
    value: float
    set: Callable[[float], None]


class Tool(Protocol):
    """Something that works on the masks layer: taken in the hand until another is taken, or done at once.

    A class is made once for each panel, with the label layers that it works on. The defaults here are for those that
    inherit them; whatever has the same members is a tool as well.
    """

    name: str = ""  # unique
    about: str = ""  # the tooltip's second half
    heading: str = "Tools"  # under which its key stands on the sheet of keys
    key: str = ""  # "C" or "Shift-A", bound by us
    napari_action: str = ""  # or the action of napari whose keys take this tool, such as "napari:activate_labels_..."
    more_keys: tuple[tuple[str, str], ...] = ()  # further keys while it is in the hand, and what they do
    hint: str = ""  # one sentence under the buttons while it is in the hand
    hint_for_classes: str = ""  # the same where masks are areas of classes; "": no other
    place: Place = "icon"  # among the buttons with icons, with words, in the menu of the rarer ones, or with a key only
    icon: str = ""  # SVG (`icons.svg`) or the name of one of napari's
    mode: str = "pan_zoom"  # of the layer while it is in the hand
    cursor: str = ""  # of the layer while it is in the hand; "": that of the mode
    at_once: bool = False  # done by ``turn_on``; the tool in the hand stays there

    def __init__(self, label_layers: LabelLayers) -> None: ...

    @property
    def title(self) -> str:
        """What tooltip, button and sheet of keys call it: "Brush"."""
        return ""

    @property
    def switches(self) -> Sequence[Switch]:
        """The check boxes shown while it is in the hand."""
        return ()

    @property
    def choices(self) -> Sequence[Choice]:
        """The rows of buttons shown while it is in the hand."""
        return ()

    @property
    def amounts(self) -> Sequence[Amount]:
        """The fields shown while it is in the hand."""
        return ()

    def is_offered(self) -> bool:
        """Whether its button makes sense in this project."""
        return True

    def why_not(self) -> str:
        """One sentence on why it cannot be used now, or "" when it can."""
        return ""

    def turn_on(self) -> None:
        """Begin, the layer being in its ``mode``; `UserError` when that cannot be."""

    def turn_off(self) -> None:
        """End; the layer may be another one by now, or none."""

    def close(self) -> None:
        """Let go of everything; it is off already."""


def key_of(tool: Tool) -> str:
    """The key that takes a tool, in words: "Shift+A"; "" when none does."""
    return key_words(tool.key) if tool.key else napari_key(tool.napari_action)


def hint_of(tool: Tool, kind: Kind) -> str:
    """The sentence under the buttons while a tool is in the hand."""
    return (tool.hint_for_classes if kind == "classes" else "") or tool.hint


def tip_of(tool: Tool, why_not: str = "") -> str:
    """A tool's tooltip: what it is called, its key, what it is for, and why it cannot be used now."""
    key = key_of(tool)
    named = f"{tool.title} ({key})" if key else tool.title
    return (f"{named}: {tool.about}" if tool.about else named) + (f"\n{why_not}" if why_not else "")
