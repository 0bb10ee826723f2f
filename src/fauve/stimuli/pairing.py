"""Things out of their places: shards that drift apart, and pieces set down where they do not belong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fauve.keys import seed_from
from fauve.stimuli.raster import grid, to_picture
from fauve.stimuli.record import Effect, Floats, Picture

__all__ = ["MISPLACED_PIECES", "SCATTER", "misplaced_pieces", "scatter"]

TILES_LONG = 14
REACH = 0.30
"""Standard distance that a tile drifts at strength 1, as a share of the longer side."""

TURN = 1.1
"""Standard angle in radians by which a tile turns at strength 1."""

PIECES_LONG = 9


def scatter(image: Picture, strength: float, seed: int) -> Picture:
    """Cuts the picture into tiles that drift and turn away from their places; the picture stays below them.

    Every tile keeps its direction and its place in the pile at all strengths: only the distance grows.
    """
    canvas = image.copy()
    draw = np.random.default_rng(seed_from("stimulus", seed, "scatter"))
    tiles = _tiles(image.shape, TILES_LONG)
    drifts = draw.standard_normal((len(tiles), 2)) * REACH * max(image.shape)
    turns = draw.standard_normal(len(tiles)) * TURN
    for index in draw.permutation(len(tiles)):
        _lay(canvas, image, tiles[index], strength * drifts[index], strength * turns[index])
    return canvas


def misplaced_pieces(image: Picture, strength: float, seed: int) -> Picture:
    """Exchanges pieces of the picture, far ones with far ones and each turned around; more pieces with strength.

    The order of the exchanges is fixed by the seed, and the last one under way is blended in, so that strength
    moves the picture without jumps.
    """
    tiles = _tiles(image.shape, PIECES_LONG, equal=True)
    draw = np.random.default_rng(seed_from("stimulus", seed, "misplaced"))
    partners = _partners(tiles, draw)
    canvas = image.astype(np.float32)
    done = strength * len(partners)
    for number, (a, b) in enumerate(partners):
        amount = min(max(done - number, 0.0), 1.0)
        if amount == 0:
            break
        here, there = _cut(image, tiles[a]), _cut(image, tiles[b])
        _blend(canvas, tiles[a], there[::-1], amount)
        _blend(canvas, tiles[b], here[:, ::-1], amount)
    return to_picture(canvas)


Tile = tuple[int, int, int, int]


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


def _partners(tiles: list[Tile], draw: np.random.Generator) -> list[tuple[int, int]]:
    """Pairs of tiles, each tile at most once, each taking the farthest of the three candidates next in line."""
    waiting = [int(i) for i in draw.permutation(len(tiles))]
    pairs = []
    while len(waiting) >= 2:
        first = waiting.pop()
        candidates = waiting[-3:]
        far = max(candidates, key=lambda i: _distance(tiles[first], tiles[i]))
        waiting.remove(far)
        pairs.append((first, far))
    return pairs


def _distance(a: Tile, b: Tile) -> float:
    return float(np.hypot(a[0] - b[0], a[1] - b[1]))


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
