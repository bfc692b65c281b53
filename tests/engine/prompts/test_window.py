from __future__ import annotations

import numpy as np

from napari_apprentice.engine.prompts.window import SIZE, Window


def test_a_window_as_large_as_the_network_shows_the_pixels_as_they_are():
    image = np.arange(200 * 300, dtype=np.float32).reshape(200, 300)
    seen = Window((99.5, 149.5), SIZE).seen(image)
    np.testing.assert_allclose(seen, image[36:164, 86:214], rtol=1e-5)


def test_a_window_twice_as_large_shows_means():
    y, x = np.mgrid[:400, :400]
    image = (30 * y + 7 * x + 500 * (-1) ** (y + x)).astype(np.uint16)  # a slope under a grain that means take away
    seen = Window((199.5, 199.5), 2 * SIZE).seen(image)
    slope = (30 * y + 7 * x)[72:328, 72:328]
    np.testing.assert_allclose(seen, slope.reshape(128, 2, 128, 2).mean(axis=(1, 3)), atol=1)


def test_beyond_the_image_its_edge_goes_on():
    image = np.zeros((64, 64), np.float32)
    image[0] = 5
    seen = Window((0, 32), SIZE).seen(image)
    assert (seen[:60, 64] == 5).all()
    assert (seen[70:, 64] == 0).all()


def test_labels_are_those_of_the_nearest_pixel_and_none_outside():
    labels = np.zeros((64, 64), np.int32)
    labels[:, 32:] = 7
    found, inside = Window((31.5, 31.5), SIZE).labels(labels)
    assert inside.sum() == 64 * 64
    assert set(np.unique(found[inside])) == {0, 7}
    assert (found[~inside] == 0).all()
    assert (found == 7).sum() == 64 * 32


def test_a_point_lies_where_the_window_shows_it():
    image = np.zeros((300, 300), np.float32)
    image[100:103, 180:183] = 1
    turned = Window((120.0, 170.0), 96.0, ((0.0, -1.0), (1.0, 0.0)))
    for window in (Window((120.0, 170.0), 96.0), turned):
        seen = window.seen(image)
        y, x = np.unravel_index(int(seen.argmax()), seen.shape)
        wanted = window.in_window((101.0, 181.0))
        assert abs(y - wanted[0]) <= 1.5
        assert abs(x - wanted[1]) <= 1.5


def test_what_was_seen_goes_back_to_the_pixels_it_came_from():
    image = np.zeros((90, 70), np.float32)
    image[20:40, 30:60] = 1
    for edge in (48.0, 96.0, 300.0):
        window = Window((30.0, 45.0), edge)
        box, values = window.at_image(window.seen(image), (90, 70))
        back = values > 0.5
        assert (back != (image[box] > 0.5)).mean() < 0.03, edge
