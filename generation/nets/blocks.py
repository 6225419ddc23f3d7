"""One transformer block, written twice: fast in float32 to learn, exactly in float64 to serve.

Pre-norm, multi-head attention with a bias per head and pair, squared ReLU. It refuses to know what
its vectors stand for. Invariant: both forms compute the same function of the same weights, but for
rounding to the grid of `exact`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from generation.nets import exact
from generation.nets.exact import Floats

Weights = Mapping[str, Floats]
_FIRST_ROOM = 16


@dataclass(slots=True)
class Cache:
    """Keys and values of the newest `steps` steps of one block, as a ring: [rows, heads, room,
    size]; the room grows as it is filled, because most lines end long before the ring is full.
    """

    keys: Floats
    values: Floats
    steps: int

    @classmethod
    def empty(cls, rows: int, heads: int, steps: int, size: int) -> "Cache":
        """Nothing seen yet."""
        shape = (rows, heads, min(steps, _FIRST_ROOM), size)
        return cls(np.zeros(shape), np.zeros(shape), steps)

    def write(self, place: int, keys: Floats, values: Floats) -> None:
        """One more step [rows, heads, size] at `place` of the ring."""
        room = self.keys.shape[2]
        if place >= room:
            more = min(2 * room, self.steps) - room
            wider = ((0, 0), (0, 0), (0, more), (0, 0))
            self.keys, self.values = np.pad(self.keys, wider), np.pad(self.values, wider)
        self.keys[:, :, place], self.values[:, :, place] = keys, values

    def keep(self, rows: NDArray[np.int64] | slice) -> None:
        """Goes on with these rows alone."""
        self.keys, self.values = self.keys[rows], self.values[rows]


class Block(nn.Module):
    """The form that learns."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.before_attention, self.before_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mix, self.join = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        for one in (self.mix, self.join, self.widen, self.narrow):
            nn.init.normal_(one.weight, std=0.02 if one is not self.narrow else 0.01)
            nn.init.zeros_(one.bias)

    def forward(self, values: Tensor, bias: Tensor) -> Tensor:
        """values [rows, steps, width]; bias [rows or 1, heads or 1, steps, steps]."""
        rows, steps, width = values.shape
        mixed = self.mix(self.before_attention(values))
        parts = mixed.view(rows, steps, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(parts[0], parts[1], parts[2], attn_mask=bias)
        joined = self.join(seen.transpose(1, 2).reshape(rows, steps, width))
        values = values + functional.dropout(joined, self.dropout, self.training)
        widened = functional.relu(self.widen(self.before_feed(values))) ** 2
        return values + functional.dropout(self.narrow(widened), self.dropout, self.training)


def passed(values: Floats, weights: Weights, name: str, heads: int, bias: Floats) -> Floats:
    """The block called `name` over whole rows, exactly; arguments as for `Block.forward`."""
    queries, keys, seen = _parts(values, weights, name, heads)
    joined = exact.attended(queries, keys, seen, bias)
    return _onward(values, joined, weights, name)


def stepped(
    values: Floats, weights: Weights, name: str, cache: Cache, place: int, bias: Floats
) -> Floats:
    """The block over one more step, exactly: values [rows, 1, width].

    Key and value are written at `place` of the ring; rows move in step. `bias`: [rows, heads, 1,
    filled], for as much of the ring as has been written.
    """
    queries, keys, seen = _parts(values, weights, name, cache.keys.shape[1])
    cache.write(place, keys[:, :, 0], seen[:, :, 0])
    filled = bias.shape[-1]
    joined = exact.attended(queries, cache.keys[:, :, :filled], cache.values[:, :, :filled], bias)
    return _onward(values, joined, weights, name)


def _parts(
    values: Floats, weights: Weights, name: str, heads: int
) -> tuple[Floats, Floats, Floats]:
    """Queries, keys and values, each [rows, heads, steps, size]."""
    rows, steps, width = values.shape
    normal = exact.normed(
        values, weights[f"{name}.before_attention.weight"], weights[f"{name}.before_attention.bias"]
    )
    mixed = exact.linear(normal, weights[f"{name}.mix.weight"], weights[f"{name}.mix.bias"])
    parts = mixed.reshape(rows, steps, 3, heads, width // heads).transpose(2, 0, 3, 1, 4)
    return parts[0], parts[1], parts[2].clip(-exact.VALUE_LIMIT, exact.VALUE_LIMIT)


def _onward(values: Floats, seen: Floats, weights: Weights, name: str) -> Floats:
    """From what the heads saw to the block's output."""
    joined = exact.linear(
        seen.swapaxes(1, 2).reshape(values.shape),
        weights[f"{name}.join.weight"],
        weights[f"{name}.join.bias"],
    )
    values = exact.on_grid(values + joined)
    normal = exact.normed(
        values, weights[f"{name}.before_feed.weight"], weights[f"{name}.before_feed.bias"]
    )
    widened = exact.squared_relu(
        exact.linear(normal, weights[f"{name}.widen.weight"], weights[f"{name}.widen.bias"])
    )
    narrowed = exact.linear(
        widened, weights[f"{name}.narrow.weight"], weights[f"{name}.narrow.bias"]
    )
    return exact.on_grid(values + narrowed)
