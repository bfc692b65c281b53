"""Colours of the napari theme in use, and the panel's own few rules of style made from them."""

from __future__ import annotations

from dataclasses import dataclass

from napari.utils.theme import get_theme

Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Palette:
    """Colours as ``"#rrggbb"``; ``muted`` is for what explains, ``accent`` for what to press next."""

    background: str
    foreground: str
    button: str
    hover: str
    text: str
    muted: str
    accent: str
    on_accent: str
    icon: str
    warning: str
    font_pt: int
    is_dark: bool

    @property
    def series(self) -> tuple[str, str, str]:
        """Three curves that can be told apart, also by people who see few colours."""
        if self.is_dark:
            return "#6cb6ff", "#ffb454", "#7ee0a1"
        return "#0b62b8", "#b35900", "#1d7f46"


def palette(theme: str) -> Palette:
    """The colours of a napari theme by its name."""
    chosen = get_theme(theme)
    colours = {
        name: getattr(chosen, name).as_rgb_tuple()[:3]
        for name in ("background", "foreground", "primary", "highlight", "text", "current", "icon", "warning")
    }
    dark = chosen.type == "dark"
    return Palette(
        background=_hex(colours["background"]),
        foreground=_hex(colours["foreground"]),
        button=_hex(colours["primary"]),
        hover=_hex(colours["highlight"]),
        text=_hex(colours["text"]),
        muted=_hex(_mixed(colours["text"], colours["background"], 0.68)),
        accent=_hex(colours["current"]),
        on_accent="#ffffff" if sum(colours["current"]) < 480 else "#101014",
        icon=_hex(colours["icon"]),
        warning=_hex(colours["warning"] if dark else _mixed(colours["warning"], (60, 20, 0), 0.45)),
        font_pt=int(chosen.font_size.removesuffix("pt")),
        is_dark=dark,
    )


def stylesheet(colours: Palette) -> str:
    """Rules for widgets by their ``role``; everything else is napari's own style."""
    small = max(7, colours.font_pt - 1)
    return f"""
    QLabel[role="muted"] {{ color: {colours.muted}; font-size: {small}pt; background: transparent; }}
    QLabel[role="value"] {{ background: transparent; }}
    QLabel[role="warning"] {{ color: {colours.warning}; font-size: {small}pt; background: transparent; }}
    QLabel[role="said"] {{
        color: {colours.text}; background: {colours.foreground}; font-size: {small}pt;
        border-left: 3px solid {colours.accent}; padding: 6px 8px;
    }}
    QToolButton[role="title"] {{
        background: transparent; border: none; text-align: left; font-weight: 600; padding: 2px 0px;
    }}
    QToolButton[role="link"] {{
        background: transparent; border: none; color: {colours.muted}; font-size: {small}pt; padding: 1px 0px;
    }}
    QToolButton[role="link"]::menu-indicator {{ image: none; width: 0px; }}
    QToolButton[role="link"]:hover {{ color: {colours.text}; }}
    QToolButton[role="link"]:disabled {{ color: {colours.hover}; }}
    QToolButton[role="tool"] {{
        background: {colours.button}; border: 1px solid transparent; border-radius: 3px; padding: 2px;
    }}
    QToolButton[role="tool"]:hover {{ background: {colours.hover}; }}
    QToolButton[role="tool"]:checked {{ background: {colours.accent}; }}
    QToolButton[role="tool"]:disabled {{ background: {colours.background}; }}
    QPushButton[role="menu"] {{ padding-right: 16px; }}
    QPushButton[role="menu"]::menu-indicator {{ subcontrol-position: right center; right: 5px; width: 8px; }}
    QPushButton[role="main"] {{
        background: {colours.accent}; color: {colours.on_accent}; font-weight: 600; padding: 5px; border-radius: 3px;
    }}
    QPushButton[role="main"]:hover {{ border: 1px solid {colours.icon}; padding: 4px; }}
    QPushButton[role="main"]:disabled {{ background: {colours.foreground}; color: {colours.muted}; padding: 4px; }}
    QPushButton[role="plain"]:disabled {{ color: {colours.muted}; }}
    QFrame[role="line"] {{ background: {colours.foreground}; border: none; max-height: 1px; min-height: 1px; }}
    """


def _mixed(a: Rgb, b: Rgb, share: float) -> Rgb:
    red, green, blue = (round(share * x + (1 - share) * y) for x, y in zip(a, b, strict=True))
    return red, green, blue


def _hex(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
