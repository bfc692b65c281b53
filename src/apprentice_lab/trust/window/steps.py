"""Every step by its name in `plan.WEIGHTS`."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from apprentice_lab.trust.window import steps_images as images
from apprentice_lab.trust.window import steps_jobs as jobs
from apprentice_lab.trust.window import steps_masks as masks
from apprentice_lab.trust.window.desk import Desk, wait

Do = Callable[[Desk, random.Random], None]

_MEANWHILE: tuple[Do, ...] = (
    lambda desk, draw: wait(0.3),
    masks.undo,
    masks.redo,
    masks.approve_more,
    jobs.segment,
    jobs.cancel,
    images.delete_layer,
    images.choose_image,
    images.slider,
    images.two_or_three_dimensions,
    jobs.choose_kind,
    jobs.close_panel,
)


def interrupted_stroke(desk: Desk, draw: random.Random) -> None:
    """While the button is down results come in, keys are pressed, and layers, or the panel, go away."""
    if masks.take(desk, "paint", draw):
        start = desk.hand.somewhere(draw)
        middle = desk.hand.near(start, draw)
        what = draw.choice(_MEANWHILE)
        desk.hand.drag([start, middle, desk.hand.near(middle, draw)], lambda: what(desk, draw))


STEPS: Mapping[str, Do] = {
    "open image": images.open_image,
    "open file": images.open_file,
    "choose image": images.choose_image,
    "exchange pixels": images.exchange_pixels,
    "change scale": images.change_scale,
    "choose channel": images.choose_channel,
    "paint": masks.paint,
    "interrupted stroke": interrupted_stroke,
    "erase": masks.erase,
    "fill": masks.fill,
    "polygon": masks.polygon,
    "background brush": masks.background_brush,
    "new object": masks.new_object,
    "pick": masks.pick,
    "approve object": masks.approve_object,
    "approve more": masks.approve_more,
    "undo": masks.undo,
    "redo": masks.redo,
    "use as start": masks.use_as_start,
    "segment": jobs.segment,
    "cancel": jobs.cancel,
    "teach": jobs.teach,
    "adopt or go back": jobs.adopt_or_go_back,
    "click a cell": jobs.click_a_cell,
    "keep": jobs.keep,
    "discard": jobs.discard,
    "look inside": jobs.look_inside,
    "evaluate": jobs.evaluate,
    "export": jobs.export,
    "wait": jobs.wait_a_moment,
    "add layer": images.add_layer,
    "delete layer": images.delete_layer,
    "delete all layers": images.delete_all_layers,
    "rename layer": images.rename_layer,
    "move layer": images.move_layer,
    "hide or show": images.hide_or_show,
    "select layer": images.select_layer,
    "show masks again": masks.show_masks_again,
    "show confirmed": masks.show_confirmed,
    "2D or 3D": images.two_or_three_dimensions,
    "slider": images.slider,
    "turn view": images.turn_view,
    "fit view": images.fit_view,
    "screenshot": images.screenshot,
    "theme": images.theme,
    "choose model": jobs.choose_model,
    "choose kind": jobs.choose_kind,
    "close panel": jobs.close_panel,
    "open panel": jobs.open_panel,
    "new project": jobs.new_project,
    "continue project": jobs.continue_project,
    "save elsewhere": jobs.save_elsewhere,
}
