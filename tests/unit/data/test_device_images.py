import numpy as np
import pytest

from tilewright.data import AUGMENTATIONS, DeviceImages, Split
from tilewright.data.augmentation import draw_crops

H, W = 6, 5


@pytest.fixture
def split():
    """Every pixel of every image has its own value, none is 0."""
    images = (1 + np.arange(7 * 1 * H * W) % 255).astype(np.uint8).reshape(7, 1, H, W)  # n c h w
    return Split(images, np.arange(7, dtype=np.int64))


def augmented(split, samples, *, augmentation="crop_flip", cutout=0, seed=1, epoch=0, shift=4):
    images = DeviceImages(split, "cpu")
    pixels, labels = images.augmented(
        samples, augmentation=augmentation, shift=shift, cutout=cutout, seed=seed, epoch=epoch
    )
    assert (labels.numpy() == split.labels[samples]).all()
    return pixels.numpy()


def naive_windows(image):
    """Every window of the padded image by its shift, mirrored or not."""
    padded = np.zeros((H + 8, W + 8), np.uint8)
    padded[4 : 4 + H, 4 : 4 + W] = image[0]
    plain = {(t, u, 0): padded[t : t + H, u : u + W] for t in range(9) for u in range(9)}
    return plain | {(t, u, 1): window[:, ::-1] for (t, u, _), window in plain.items()}


def test_each_image_becomes_one_of_its_shifted_or_mirrored_windows(split):
    seen = set()
    for epoch in range(60):
        result = augmented(split, np.arange(7), epoch=epoch)
        for image, found in zip(split.images, result, strict=True):
            shifts = [k for k, window in naive_windows(image).items() if (window == found[0]).all()]
            assert shifts
            seen |= set(shifts) if len(shifts) == 1 else set()
    assert {top for top, _, _ in seen} == {left for _, left, _ in seen} == set(range(9))
    assert {mirror for _, _, mirror in seen} == {0, 1}


@pytest.mark.parametrize("shift", [0, 2])
def test_a_smaller_shift_stays_nearer_to_the_middle(split, shift):
    found = set()
    for epoch in range(60):
        crops = draw_crops(7, seed=1, epoch=epoch, shift=shift)
        result = augmented(split, np.arange(7), epoch=epoch, shift=shift)
        for n in range(7):
            place = crops.top[n], crops.left[n], int(crops.is_flipped[n])
            assert (result[n, 0] == naive_windows(split.images[n])[place]).all()
            found |= {int(crops.top[n]), int(crops.left[n])}
    assert found == set(range(4 - shift, 4 + shift + 1))


@pytest.mark.parametrize("augmentation", ["crop", "crop_flip", "crop_alternate"])
def test_the_window_is_the_drawn_one(split, augmentation):
    for epoch in range(4):
        result = augmented(split, np.arange(7), augmentation=augmentation, epoch=epoch)
        crops = draw_crops(7, seed=1, epoch=epoch)
        first = draw_crops(7, seed=1, epoch=0).is_flipped
        for n in range(7):
            mirror = {
                "crop": 0,
                "crop_flip": int(crops.is_flipped[n]),
                "crop_alternate": int(first[n]) ^ epoch % 2,
            }[augmentation]
            expected = naive_windows(split.images[n])[crops.top[n], crops.left[n], mirror]
            assert (result[n, 0] == expected).all()


def test_without_augmentation_images_are_as_they_are(split):
    samples = np.array([3, 0, 6])
    assert (augmented(split, samples, augmentation="none") == split.images[samples]).all()
    assert (DeviceImages(split, "cpu").plain(samples).numpy() == split.images[samples]).all()
    assert AUGMENTATIONS == ("none", "crop", "crop_flip", "crop_alternate")


def test_a_sample_is_augmented_the_same_in_any_batch(split):
    """A pure function of seed, epoch and index."""
    everything = np.arange(7)
    whole = augmented(split, everything, seed=3, epoch=2)
    samples = np.array([5, 0, 5, 3])
    assert (augmented(split, samples, seed=3, epoch=2) == whole[samples]).all()
    assert (whole != augmented(split, everything, seed=3, epoch=3)).any()
    assert (whole != augmented(split, everything, seed=4, epoch=2)).any()


@pytest.mark.parametrize("cutout", [1, 3, 5])
def test_a_square_inside_each_image_is_cut_out_and_the_rest_stays(split, cutout):
    samples, places = np.arange(7), set()
    for epoch in range(40):
        crops = draw_crops(7, seed=1, epoch=epoch)
        expected = augmented(split, samples, epoch=epoch)
        for n in range(7):
            top = crops.hole_top[n] % (H - cutout + 1)
            left = crops.hole_left[n] % (W - cutout + 1)
            expected[n, :, top : top + cutout, left : left + cutout] = 0
            places.add((top, left))
        assert (augmented(split, samples, cutout=cutout, epoch=epoch) == expected).all()
    assert len(places) == (H - cutout + 1) * (W - cutout + 1)


def test_nothing_is_cut_out_of_images_as_they_are(split):
    samples = np.arange(7)
    assert (augmented(split, samples, augmentation="none", cutout=3) == split.images).all()
