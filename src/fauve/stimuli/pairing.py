"""Things out of their places: shards that drift apart, and pieces set down where they do not belong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fauve.keys import seed_from
from fauve.stimuli.raster import grid, lab, to_picture
from fauve.stimuli.record import Effect, Floats, Picture

__all__ = ["MISPLACED_PIECES", "SCATTER", "misplaced_pieces", "scatter"]

TILES_LONG = 15
REACH = 0.26
"""Distance that a tile drifts at strength 1, as a share of the longer side, on average."""

TURN = 1.1
"""Standard angle in radians by which a tile turns at strength 1."""

GROUND = 0.55
"""Code values of the bare ground at strength 1 against the picture's own mean."""

PIECES_LONG = 12


def scatter(image: Picture, strength: float, seed: int) -> Picture:
    """Cuts the picture into tiles that drift and turn away from their places over a bare ground.

    Every tile keeps its direction and its place in the pile at all strengths: only the distance grows.
    """
    canvas = _ground(image, strength)
    draw = np.random.default_rng(seed_from("stimulus", seed, "scatter"))
    tiles = _tiles(image.shape, TILES_LONG)
    way = draw.uniform(0, 2 * np.pi, len(tiles))
    drifts = np.stack([np.sin(way), np.cos(way)], axis=1) * (draw.uniform(0.4, 1.6, len(tiles)))[:, None]
    drifts *= REACH * max(image.shape)
    turns = draw.standard_normal(len(tiles)) * TURN
    # Gaps open fast: a drift of one tile bares most of the ground, so the first steps are made short.
    amount = strength**1.4
    for index in draw.permutation(len(tiles)):
        _lay(canvas, image, tiles[index], amount * drifts[index], amount * turns[index])
    return canvas


def misplaced_pieces(image: Picture, strength: float, seed: int) -> Picture:
    """Exchanges pieces of the picture with pieces that are least like them, each turned around.

    Only every second piece, as on a chessboard, is ever moved, so that each stands among neighbours that it does
    not belong to. More pieces move with strength, in an order that the seed fixes; the last exchange under way is
    blended in, so that strength moves the picture without jumps.
    """
    tiles = _tiles(image.shape, PIECES_LONG, equal=True)
    draw = np.random.default_rng(seed_from("stimulus", seed, "misplaced"))
    partners = _partners(image, _every_second(tiles), draw)
    canvas = image.astype(np.float32)
    done = strength * len(partners)
    for number, (a, b) in enumerate(partners):
        amount = min(max(done - number, 0.0), 1.0)
        if amount == 0:
            break
        here, there = _cut(image, a), _cut(image, b)
        _blend(canvas, a, there[::-1], amount)
        _blend(canvas, b, here[:, ::-1], amount)
    return to_picture(canvas)


Tile = tuple[int, int, int, int]


def _ground(image: Picture, strength: float) -> Picture:
    """What shows between the shards: the picture's mean colour, darker as they drift apart."""
    mean = image.mean(axis=(0, 1), dtype=np.float32)
    return np.broadcast_to(to_picture(mean * np.float32(1 - (1 - GROUND) * strength)), image.shape).copy()


def _tiles(shape: tuple[int, ...], along: int, equal: bool = False) -> list[Tile]:
    """Boxes (top, left, height, width) that cover the picture; ``equal`` ones may leave a rest at the border."""
    h, w = shape[:2]
    side = max(4, max(h, w) // along)
    rows, cols = max(1, h // side), max(1, w // side)
    if equal:
        high, wide = h // rows, w // cols
        return [(r * high, c * wide, high, wide) for r in range(rows) for c in range(cols)]
    ys, xs = np.linspace(0, h, rows + 1).astype(int), np.linspace(0, w, cols + 1).astype(int)
    return [
        (int(ys[r]), int(xs[c]), int(ys[r + 1] - ys[r]), int(xs[c + 1] - xs[c]))
        for r in range(rows)
        for c in range(cols)
    ]


def _lay(canvas: Picture, image: Picture, tile: Tile, drift: NDArray[np.float64], turn: float) -> None:
    """Lays one tile on the canvas, displaced and turned about its middle."""
    h, w = image.shape[:2]
    top, left, high, wide = tile
    centre_y, centre_x = top + (high - 1) / 2, left + (wide - 1) / 2
    at_y, at_x = _reflect(centre_y + drift[0], h), _reflect(centre_x + drift[1], w)
    reach = int(np.ceil(np.hypot(high, wide) / 2)) + 1
    y0, y1 = max(0, int(at_y) - reach), min(h, int(at_y) + reach + 1)
    x0, x1 = max(0, int(at_x) - reach), min(w, int(at_x) + reach + 1)
    rows, cols = grid((y1 - y0, x1 - x0))
    dy, dx = rows + y0 - at_y, cols + x0 - at_x
    source_y = np.rint(np.cos(turn) * dy - np.sin(turn) * dx + centre_y).astype(np.intp)
    source_x = np.rint(np.sin(turn) * dy + np.cos(turn) * dx + centre_x).astype(np.intp)
    inside = (source_y >= top) & (source_y < top + high) & (source_x >= left) & (source_x < left + wide)
    canvas[y0:y1, x0:x1][inside] = image[source_y[inside], source_x[inside]]


def _reflect(position: float, extent: int) -> float:
    """Keeps a tile in the frame: what would leave it comes back from the border."""
    period = 2.0 * (extent - 1)
    folded = position % period
    return min(folded, period - folded)


def _every_second(tiles: list[Tile]) -> list[Tile]:
    """The black squares of the board."""
    return [tile for tile in tiles if (tile[0] // tile[2] + tile[1] // tile[3]) % 2 == 0]


def _partners(image: Picture, tiles: list[Tile], draw: np.random.Generator) -> list[tuple[Tile, Tile]]:
    """Pairs of tiles, each tile at most once: each takes the one least like it of those still waiting."""
    means = {tile: lab(to_picture(_cut(image, tile).mean(axis=(0, 1), keepdims=True)))[0, 0] for tile in tiles}
    waiting = [tiles[i] for i in draw.permutation(len(tiles))]
    pairs = []
    while len(waiting) >= 2:
        first = waiting.pop()
        unlike = [float(np.linalg.norm(means[first] - means[other])) for other in waiting]
        pairs.append((first, waiting.pop(int(np.argmax(unlike)))))
    return pairs


def _cut(image: Picture, tile: Tile) -> Floats:
    top, left, high, wide = tile
    return image[top : top + high, left : left + wide].astype(np.float32)


def _blend(canvas: Floats, tile: Tile, piece: Floats, amount: float) -> None:
    top, left, high, wide = tile
    box = canvas[top : top + high, left : left + wide]
    box += np.float32(amount) * (piece - box)


SCATTER = Effect(
    "scatter",
    "object pairing",
    "broken into shards that lie scattered across the frame",
    "layout-coherence",
    -1,
    scatter,
)

MISPLACED_PIECES = Effect(
    "misplaced-pieces",
    "object pairing",
    "with its pieces in the wrong places",
    "layout-coherence",
    -1,
    misplaced_pieces,
)
