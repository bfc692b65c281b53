from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from napari_apprentice.architecture import PRESETS, FreshSettings, NetSettings, PresetName, preset
from napari_apprentice.architecture.ledger import ledger
from napari_apprentice.architecture.sizes import smallest_valid, why_not_size
from napari_apprentice.errors import UserError


def test_the_unet_of_2015_has_the_parameters_of_the_paper() -> None:
    assert preset("unet-2015", in_channels=1, out_channels=2).parameters == 31_030_658


def test_the_3d_unet_has_the_parameters_of_the_paper() -> None:
    # which counts convolutions only
    net = preset("unet3d", dims=3, in_channels=3, out_channels=3)
    assert net.model_copy(update={"norm": "none"}).parameters == 19_069_955


def test_unet_plus_plus_has_the_parameters_of_the_paper() -> None:
    assert preset("unet++", in_channels=1, out_channels=1).parameters == 9_041_700


def test_the_unet_of_2015_gives_388_of_572() -> None:
    table = ledger(preset("unet-2015"), (1, 572, 572))
    assert table.output == (1, 388, 388)
    sizes = {row.name: row.size[1] for row in table.rows}
    down = [sizes["encoder 0"], sizes["encoder 1"], sizes["encoder 2"], sizes["encoder 3"], sizes["bottleneck"]]
    up = [sizes["decoder 3"], sizes["decoder 2"], sizes["decoder 1"], sizes["decoder 0"]]
    assert down == [568, 280, 136, 64, 28]
    assert up == [52, 100, 196, 388]


def test_the_3d_unet_gives_44_x_44_x_28_of_132_x_132_x_116() -> None:
    table = ledger(preset("unet3d", dims=3), (116, 132, 132))
    assert table.output == (28, 44, 44)
    widths = [row.channels for row in table.rows]
    assert widths == [64, 128, 256, 512, 512, 256, 256, 128, 128, 64, 2]


def test_channels_double_before_pooling_in_the_3d_unet() -> None:
    first = preset("unet3d", dims=3, in_channels=3).design.stages[0]
    assert [(conv.inputs, conv.outputs) for conv in first.convs] == [(3, 32), (32, 64)]


def test_the_unet_goes_down_to_16_x_16_x_1024() -> None:
    table = ledger(preset("unet", in_channels=3, out_channels=5), (1, 256, 256))
    maps = [(*row.size[1:], row.channels) for row in table.rows if row.name.startswith(("enc", "bot"))]
    assert maps == [(256, 256, 64), (128, 128, 128), (64, 64, 256), (32, 32, 512), (16, 16, 1024)]
    assert (table.output, table.rows[-1].channels) == ((1, 256, 256), 5)


def test_operations_by_hand() -> None:
    # one level, one convolution of 3 from 1 to 2 channels, a head from 2 to 1: 2 * 9 * 2 and 2 * 2 a pixel
    net = NetSettings(widths=(2,), pools=(), convolutions=1, out_channels=1, norm="none")
    table = ledger(net, (1, 4, 4))
    assert [row.flop for row in table.rows] == [36 * 16, 4 * 16]
    assert [row.parameters for row in table.rows] == [9 * 2 + 2, 2 + 1]
    assert [row.memory for row in table.rows] == [2 * 16 * 4, 16 * 4]


def test_a_stack_of_dilations_1_2_4_8_sees_31_pixels() -> None:
    net = NetSettings(widths=(4,), pools=(), bottleneck="dilated", dilations=(1, 2, 4, 8), skip="none", norm="none")
    assert net.receptive_radius == (0, 15, 15)


def test_deeplab_looks_around_with_dilations_6_12_18() -> None:
    assert preset("deeplab").dilations == (6, 12, 18)
    bottom = next(stage for stage in preset("deeplab").design.stages if stage.name == "bottleneck")
    assert [conv.dilation for conv in bottom.convs] == [1, 6, 12, 18, 1]


def test_z_is_pooled_only_where_slices_are_close_enough() -> None:
    assert preset("unet3d", 3, spacing=(2.0, 0.5, 0.5)).pools == ((1, 2, 2), (1, 2, 2), (2, 2, 2))
    assert preset("unet3d", 3, spacing=(1.0, 1.0, 1.0)).pools == ((2, 2, 2),) * 3
    assert preset("segnet", 3).multiple == (8, 32, 32)


def test_the_3d_unet_has_no_2d_form() -> None:
    with pytest.raises(UserError, match="for volumes"):
        preset("unet3d", 2)


def test_an_unknown_network_is_answered_with_those_there_are() -> None:
    with pytest.raises(UserError, match="attention-unet"):
        preset("vnet")  # type: ignore[arg-type]


def test_sizes_that_do_not_fit_are_told_what_does() -> None:
    assert "multiples of 16 x 16" in why_not_size(preset("unet"), (1, 250, 256))
    assert smallest_valid(preset("unet-2015")) == (1, 188, 188)
    assert "188 x 188 plus multiples of 16 x 16" in why_not_size(preset("unet-2015"), (1, 512, 512))
    assert why_not_size(preset("unet-2015"), (1, 572, 572)) == ""
    with pytest.raises(UserError, match="28 x 28"):
        ledger(_digits(), (1, 32, 32))


def test_a_digit_becomes_32_codes() -> None:
    rows = {row.name: row for row in ledger(_digits(), (1, 28, 28)).rows}
    assert (rows["codes"].size, rows["codes"].channels) == ((1, 1, 1), 32)
    assert rows["codes"].parameters == 32 * 7 * 7 * 32 + 32
    assert rows["from codes"].size == (1, 7, 7)


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"pools": ((1, 2, 2),)}, "5 widths need 4 pools"),
        ({"pools": ((2, 2, 2),) * 4}, "cannot pool along z"),
        ({"up": "max-unpool", "down": "average"}, "needs max pooling"),
        ({"bottleneck": "aspp"}, "needs dilations"),
        ({"deep_supervision": True}, "needs nested skips"),
        ({"padding": "valid", "skip": "nested"}, "valid padding"),
        ({"widths": (16, 0, 64, 128, 256)}, "greater than or equal to 1"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(parts: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        NetSettings.model_validate(parts)


def test_the_default_is_a_narrow_unet() -> None:
    chosen = FreshSettings().net(2, in_channels=2)
    assert chosen == NetSettings(in_channels=2)
    assert chosen.parameters == 1_811_890


def test_a_fresh_unet_of_2015_keeps_its_size_unless_asked_for_its_own_padding() -> None:
    assert FreshSettings(network="unet-2015").net(2).margin == (0, 0, 0)
    assert FreshSettings(network="unet-2015", padding="valid").net(2).margin == (0, 184, 184)
    assert FreshSettings(network="segnet", padding="valid").net(2).padding == "same"


def test_fcn_has_a_norm_where_nothing_was_learned_before(tmp_path: Path) -> None:
    assert preset("fcn-8s").norm == "none"
    assert FreshSettings(network="fcn-8s").net(2).norm == "batch"
    assert FreshSettings(network="fcn-8s", encoder=tmp_path / "vgg16.pth").net(2).norm == "none"
    assert FreshSettings(network="fcn-8s", norm="none").net(2).norm == "none"


@pytest.mark.parametrize("name", PRESETS)
def test_settings_survive_being_written(name: PresetName) -> None:
    net = preset(name, PRESETS[name].dims[0])
    assert NetSettings.model_validate_json(net.model_dump_json()) == net


def test_nothing_of_this_needs_torch() -> None:
    code = (
        "import sys; from napari_apprentice.architecture import preset; n = preset('unet++'); "
        "n.parameters, n.receptive_radius; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _digits() -> NetSettings:
    return NetSettings(
        out_channels=1,
        widths=(8, 16, 32),
        pools=((1, 2, 2),) * 2,
        skip="none",
        bottleneck="codes",
        codes=32,
        size=(1, 28, 28),
        up="nearest",
    )
