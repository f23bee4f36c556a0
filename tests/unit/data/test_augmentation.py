import numpy as np
import pytest

from tilewright.data import crop_at_random, shuffle_order

H, W = 6, 5


@pytest.fixture
def images():
    """Every pixel of every image has its own value, none is 0."""
    return (1 + np.arange(7 * 1 * H * W) % 255).astype(np.uint8).reshape(7, 1, H, W)  # n c h w


def naive_windows(image):
    """Every window of the padded image by its shift, mirrored or not."""
    padded = np.zeros((H + 8, W + 8), np.uint8)
    padded[4 : 4 + H, 4 : 4 + W] = image[0]
    plain = {(t, u, 0): padded[t : t + H, u : u + W] for t in range(9) for u in range(9)}
    return plain | {(t, u, 1): window[:, ::-1] for (t, u, _), window in plain.items()}


def test_each_image_becomes_one_of_its_shifted_or_mirrored_windows(images):
    seen = set()
    for epoch in range(60):
        result = crop_at_random(images, np.arange(7), seed=1, epoch=epoch, has_flip=True)
        for image, found in zip(images, result, strict=True):
            shifts = [k for k, window in naive_windows(image).items() if (window == found[0]).all()]
            assert shifts
            seen |= set(shifts) if len(shifts) == 1 else set()
    assert {top for top, _, _ in seen} == {left for _, left, _ in seen} == set(range(9))
    assert {mirror for _, _, mirror in seen} == {0, 1}


def test_without_flip_nothing_is_mirrored(images):
    for epoch in range(20):
        result = crop_at_random(images, np.arange(7), seed=1, epoch=epoch, has_flip=False)
        for image, found in zip(images, result, strict=True):
            windows = naive_windows(image).items()
            assert any(
                (window == found[0]).all() for (_, _, mirror), window in windows if not mirror
            )


def test_a_sample_is_augmented_the_same_in_any_batch(images):
    """A pure function of seed, epoch and index."""
    whole = crop_at_random(images, np.arange(7), seed=3, epoch=2, has_flip=True)
    samples = np.array([5, 0, 5, 3])
    part = crop_at_random(images, samples, seed=3, epoch=2, has_flip=True)
    assert (part == whole[samples]).all()
    assert (whole != crop_at_random(images, np.arange(7), seed=3, epoch=3, has_flip=True)).any()
    assert (whole != crop_at_random(images, np.arange(7), seed=4, epoch=2, has_flip=True)).any()


def test_the_order_is_a_permutation_that_depends_on_seed_and_epoch():
    order = shuffle_order(100, seed=0, epoch=0)
    assert sorted(order.tolist()) == list(range(100))
    assert (order == shuffle_order(100, seed=0, epoch=0)).all()
    assert (order != shuffle_order(100, seed=0, epoch=1)).any()
    assert (order != shuffle_order(100, seed=1, epoch=0)).any()


def test_the_order_is_the_same_on_every_machine_and_version():
    assert shuffle_order(8, seed=0, epoch=0).tolist() == [0, 3, 7, 5, 1, 2, 6, 4]
