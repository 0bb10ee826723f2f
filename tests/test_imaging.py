"""Every kind of picture that comes from outside: what is taken, as which pixels, and what is refused, and why."""

from __future__ import annotations

import io
import os
import pickle
import struct
import subprocess
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from fauve import imaging
from fauve.errors import ImageRejected
from fauve.imaging import (
    MAX_PIXELS,
    decode,
    decode_file,
    described,
    encode_png,
    is_constant,
    opened,
    read_file,
    thumbnail,
)

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (24, 36, 3), dtype=np.uint8)
PHOTO = Image.fromarray(PIXELS)
RED, BLUE = (250, 10, 10), (10, 10, 250)


def saved(picture: Image.Image, form: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def halves(mode: str = "RGB") -> Image.Image:
    """Left half red, right half blue, 20 × 10."""
    picture = Image.new("RGB", (20, 10), RED)
    picture.paste(BLUE, (10, 0, 20, 10))
    return picture.convert(mode)


def png(width: int, height: int, depth: int, colour: int, body: bytes) -> bytes:
    """A PNG made by hand, for what Pillow cannot write."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(decode(data, "x")[0])


def rejected(data: bytes, reason: str) -> ImageRejected:
    with pytest.raises(ImageRejected) as caught:
        decode(data, "shot.png")
    assert caught.value.reason == reason, str(caught.value)
    assert str(caught.value).startswith(f"shot.png: {reason}. ")
    assert len(caught.value.remedy) > 15
    return caught.value


# What is taken --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "suffix"), [("PNG", ".png"), ("WEBP", ".webp")])
def test_lossless_pictures_keep_every_pixel(form, suffix):
    picture, found = decode(saved(PHOTO, form, **({"lossless": True} if form == "WEBP" else {})), "x")
    assert (picture.mode, found) == ("RGB", suffix)
    np.testing.assert_array_equal(np.asarray(picture), PIXELS)


def test_jpeg_is_read_as_pillow_reads_it():
    data = saved(PHOTO, "JPEG", quality=95)
    assert decode(data, "x")[1] == ".jpg"
    np.testing.assert_array_equal(pixels(data), np.asarray(Image.open(io.BytesIO(data))))


def test_sixteen_bit_grey_is_scaled_and_not_cut_off():
    wide = np.linspace(0, 65535, 36 * 24).reshape(24, 36).astype(np.uint16)
    found = pixels(saved(Image.fromarray(wide)))
    np.testing.assert_array_equal(found, np.repeat(np.rint(wide / 257.0).astype(np.uint8)[:, :, None], 3, axis=2))
    assert (found.min(), found.max()) == (0, 255)


def test_sixteen_bit_colour_is_scaled():
    wide = RNG.integers(0, 65536, (24, 36, 3), dtype=np.uint16)
    body = b"".join(b"\0" + row.astype(">u2").tobytes() for row in wide)
    found = pixels(png(36, 24, 16, 2, body))
    assert found.shape == (24, 36, 3)
    assert np.abs(found.astype(int) - wide / 257.0).max() <= 1.0


def test_grey_and_one_bit_become_rgb():
    grey = PHOTO.convert("L")
    np.testing.assert_array_equal(pixels(saved(grey)), np.asarray(grey.convert("RGB")))
    assert set(np.unique(pixels(saved(PHOTO.convert("1"))))) == {0, 255}


def test_cmyk_jpeg_keeps_its_colours():
    found = pixels(saved(halves("CMYK"), "JPEG", quality=100))
    assert np.abs(found[5, 2].astype(int) - RED).max() <= 4
    assert np.abs(found[5, 17].astype(int) - BLUE).max() <= 4


def test_a_palette_is_looked_up():
    np.testing.assert_array_equal(pixels(saved(halves().quantize(4)))[5, [2, 17]], [RED, BLUE])


def test_transparency_is_laid_over_white():
    over = halves("RGBA")
    over.paste((0, 0, 0, 0), (0, 0, 5, 10))
    over.paste((0, 0, 0, 128), (10, 0, 15, 10))
    found = pixels(saved(over))
    np.testing.assert_array_equal(found[5, 2], (255, 255, 255))
    np.testing.assert_array_equal(found[5, 12], (127, 127, 127))
    np.testing.assert_array_equal(found[5, 17], BLUE)


def test_a_palette_with_a_transparent_entry_is_laid_over_white():
    picture = halves().quantize(4)
    data = saved(picture, transparency=picture.getpixel((0, 0)))
    np.testing.assert_array_equal(pixels(data)[5, [2, 17]], [(255, 255, 255), BLUE])


@pytest.mark.parametrize("turn", range(1, 9))
def test_pictures_are_turned_upright(turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    data = saved(PHOTO, "PNG", exif=exif)
    there = {
        1: PIXELS,
        2: PIXELS[:, ::-1],
        3: PIXELS[::-1, ::-1],
        4: PIXELS[::-1],
        5: PIXELS.transpose(1, 0, 2),
        6: PIXELS[::-1].transpose(1, 0, 2),
        7: PIXELS[::-1, ::-1].transpose(1, 0, 2),
        8: PIXELS[:, ::-1].transpose(1, 0, 2),
    }
    np.testing.assert_array_equal(pixels(data), there[turn])


def test_a_turned_picture_is_as_wide_as_it_looks():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(saved(PHOTO, "JPEG", exif=exif), "x")[0].size == (24, 36)


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0garbage", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0II*\0\x08\0\0\0\x01\0"]
)
def test_exif_that_cannot_be_read_counts_as_none(exif):
    assert decode(saved(PHOTO, "JPEG", exif=exif), "x")[0].size == (36, 24)


def test_of_a_telephone_s_jpeg_with_a_depth_map_the_picture_is_read():
    data = saved(PHOTO, "MPO", save_all=True, append_images=[PHOTO.convert("L").convert("RGB")], quality=95)
    assert Image.open(io.BytesIO(data)).format == "MPO"
    picture, suffix = decode(data, "x")
    assert (picture.size, suffix) == ((36, 24), ".jpg")


def test_a_colour_profile_does_not_stop_a_picture():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    np.testing.assert_array_equal(pixels(saved(PHOTO, icc_profile=profile)), PIXELS)


# What is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_truncated(form, share):
    data = saved(Image.fromarray(RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)), form)
    rejected(data[: int(len(data) * share)], "truncated")


@pytest.mark.parametrize("side", [9_000, 20_000, 65_000])
def test_a_bomb_is_refused_before_its_pixels_are_allocated(side):
    bomb = png(side, side, 8, 2, b"\0" * 1000)
    program = """if True:
        import resource, sys, time
        from fauve.errors import ImageRejected
        from fauve.imaging import decode
        bomb = sys.stdin.buffer.read()
        before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
        try:
            decode(bomb, "x")
        except ImageRejected as error:
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            print(error.reason, grown, time.perf_counter() - start, sep=",")
    """
    answer = subprocess.run([sys.executable, "-c", program], input=bomb, capture_output=True, check=True).stdout
    reason, grown, seconds = answer.decode().split(",")
    assert reason == "too large"
    assert int(grown) < 20_000  # KiB; the pixels would be 243 MB and more
    assert float(seconds) < 1


def test_the_pixel_cap_is_inclusive(monkeypatch):
    monkeypatch.setattr(imaging, "MAX_PIXELS", 36 * 24)
    assert decode(saved(PHOTO), "x")[0].size == (36, 24)
    monkeypatch.setattr(imaging, "MAX_PIXELS", 36 * 24 - 1)
    assert "36 × 24" in rejected(saved(PHOTO), "too large").remedy


def test_a_text_chunk_that_unpacks_without_end():
    chunk = b"zTXt" + b"k\0\0" + zlib.compress(b"a" * 80_000_000)
    data = saved(PHOTO)
    bomb = data[:33] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]
    with pytest.raises(ImageRejected):
        decode(bomb, "x")


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE html><html><body>404</body></html>",
        b"\n  <html></html>",
        b'{"error": "quota"}',
        b'<?xml version="1.0"?><svg/>',
    ],
)
def test_text_with_a_picture_s_name(data):
    assert "text" in rejected(data, "format").remedy


@pytest.mark.parametrize("form", ["GIF", "TIFF", "BMP", "PPM", "ICO", "PDF"])
def test_formats_that_are_not_on_the_list(form):
    assert "JPEG, PNG, WEBP" in rejected(saved(PHOTO, form), "format").remedy


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_animated(form):
    frames = [Image.fromarray(np.roll(PIXELS, shift, axis=1)) for shift in (0, 5, 9)]
    rejected(saved(frames[0], form, save_all=True, append_images=frames[1:], duration=50), "animated")


def test_an_animated_gif_is_refused_for_its_format():
    rejected(saved(PHOTO, "GIF", save_all=True, append_images=[PHOTO.rotate(90)]), "format")


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "CMYK"])
def test_constant_in_every_pixel(mode):
    form = "JPEG" if mode == "CMYK" else "PNG"
    colour = decode_constant_colour(
        rejected(saved(Image.new("RGB", (30, 20), (0, 0, 255)).convert(mode), form), "constant")
    )
    assert len(colour) == 3


def decode_constant_colour(error: ImageRejected) -> list[str]:
    return error.remedy[error.remedy.index("(") + 1 : error.remedy.index(")")].split(",")


def test_a_fully_transparent_picture_is_constant_whatever_lies_under_it():
    hidden = PHOTO.convert("RGBA")
    hidden.putalpha(0)
    rejected(saved(hidden), "constant")


def test_one_pixel_is_constant():
    rejected(saved(Image.new("RGB", (1, 1), RED)), "constant")


def test_one_pixel_that_differs_is_enough_to_be_a_picture():
    picture = Image.new("RGB", (50, 50), RED)
    picture.putpixel((49, 49), (250, 10, 11))
    assert not is_constant(picture)
    assert decode(saved(picture), "x")[0].getpixel((49, 49)) == (250, 10, 11)


def test_empty():
    rejected(b"", "empty")


@settings(max_examples=300)
@given(
    st.sampled_from(["PNG", "JPEG", "WEBP"]), st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=6)
)
def test_damaged_bytes_give_a_picture_or_a_reason_and_nothing_else(form, changes):
    data = bytearray(DAMAGED[form])
    for place, value in changes:
        data[int(place * len(data))] = value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reason, mode = outcome(bytes(data))
    assert reason in {None, "format", "truncated", "too large", "animated", "constant"}
    assert mode == ("RGB" if reason is None else None)


def outcome(data: bytes) -> tuple[str | None, str | None]:
    try:
        return None, decode(data, "x")[0].mode
    except ImageRejected as error:
        return error.reason, None


def with_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


DAMAGED = {form: saved(PHOTO, form, exif=with_exif()) for form in ("PNG", "JPEG", "WEBP")}


# Files ----------------------------------------------------------------------------------------------------------


def test_a_file_is_read_with_its_bytes(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(saved(PHOTO))
    picture, suffix, data = decode_file(path)
    assert (picture.size, suffix, data) == ((36, 24), ".png", path.read_bytes())


def test_a_missing_file_a_folder_and_a_pipe(tmp_path):
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    for name in ("none.png", "folder.png", "pipe.png"):
        with pytest.raises(ImageRejected) as caught:
            decode_file(tmp_path / name)
        assert (caught.value.name, caught.value.reason) == (name, "missing")


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "a.png"
    with path.open("wb") as file:
        file.truncate(imaging.MAX_BYTES + 1)  # sparse: it takes no room
    with pytest.raises(ImageRejected) as caught:
        read_file(path, "a.png")
    assert caught.value.reason == "too large"


# Out and down ---------------------------------------------------------------------------------------------------


@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 200))
def test_a_thumbnail_fits_keeps_proportions_and_never_grows(width, height, side):
    small = thumbnail(Image.new("RGB", (width, height)), side)
    assert max(small.size) <= side or small.size == (width, height)
    assert small.width <= width
    assert small.height <= height
    scale = min(1.0, side / max(width, height))
    assert small.width == pytest.approx(max(1, width * scale), abs=1)
    assert small.height == pytest.approx(max(1, height * scale), abs=1)


def test_a_thumbnail_leaves_the_picture_alone():
    thumbnail(PHOTO, 5)
    assert PHOTO.size == (36, 24)


def test_png_bytes_are_the_pixels_and_always_the_same():
    data = encode_png(PIXELS)
    assert data == encode_png(PIXELS.copy())
    np.testing.assert_array_equal(pixels(data), PIXELS)


def test_what_was_encoded_here_is_described_as_decoding_it_would():
    data = encode_png(PIXELS)
    assert described(data, "a") == described(bytes(data), "a") == ((PIXELS.shape[1], PIXELS.shape[0]), ".png")
    sent = pickle.loads(pickle.dumps(data))  # as worker processes send it
    assert (sent, sent.size, sent.constant) == (data, data.size, None)


@pytest.mark.parametrize("known", [True, False])
def test_a_constant_picture_that_was_encoded_here_is_refused_in_the_same_words(known):
    data = encode_png(np.full((4, 5, 3), 7, np.uint8))
    with pytest.raises(ImageRejected, match=r"Every pixel is \(7, 7, 7\)") as caught:
        described(data if known else bytes(data), "a")
    assert caught.value.reason == "constant"


def test_a_huge_picture_that_was_encoded_here_is_refused(monkeypatch):
    monkeypatch.setattr(imaging, "MAX_PIXELS", PIXELS.shape[0] * PIXELS.shape[1] - 1)
    with pytest.raises(ImageRejected, match="at most"):
        described(encode_png(PIXELS), "a")


def test_notes_travel_in_the_file_and_are_read_without_decoding():
    notes = PngInfo()
    notes.add_text("key", "value")
    picture = opened(encode_png(PIXELS, notes, level=1), "a")
    assert picture.info["key"] == "value"
    assert picture.tile, "not decoded yet"
    np.testing.assert_array_equal(np.asarray(picture), PIXELS)


def test_several_threads_decode_without_touching_the_warnings_of_the_process():
    before = list(warnings.filters)
    data = [saved(Image.fromarray(np.roll(PIXELS, n, axis=0))) for n in range(40)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(pixels, data))
    assert warnings.filters == before
    for n, picture in enumerate(found):
        np.testing.assert_array_equal(picture, np.roll(PIXELS, n, axis=0))


def test_the_cap_is_as_stated():
    assert MAX_PIXELS == 64_000_000
