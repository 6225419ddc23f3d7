"""Phase from frame to frame: how far each region turns, and the turning itself.

A peak inherits the turns of the region that held its bin in the frame before and adds its own. Both
are integers, so a frame is a map (gather, add) of the one before; maps compose, and all frames are
settled in log2(frames) steps. Knows frames of one size, of any number of clips one after another.
Invariant: a fresh frame forgets everything before it, so clips laid end to end do not touch.
"""

import torch
from torch import Tensor

from generation.engine.reference.arithmetic import rotors_of, turns_of, wrapped
from generation.engine.reference.peaks import Regions


def steps_of(spectra: Tensor, peaks: Tensor) -> Tensor:
    """How far each peak has turned since the frame before, both channels: int64 [frames, most]."""
    size = spectra.shape[-1]
    older = torch.cat((spectra[:1], spectra[:-1]))
    mirror = (size - peaks) % size
    here, there = spectra.gather(1, peaks), spectra.gather(1, mirror)
    was, were = older.gather(1, peaks), older.gather(1, mirror)
    x = here.real * was.real + here.imag * was.imag + there.real * were.real
    x = x + there.imag * were.imag
    y = here.imag * was.real - here.real * was.imag + there.real * were.imag
    y = y - there.imag * were.real
    return turns_of(y, x)


def added(seen: Tensor, peaks: Tensor, moves: Tensor, hop: int, size: int) -> Tensor:
    """What each peak's turns grow by: int64 [frames, most].

    Its step `seen`, freed of whole turns by the step its bin would make in `moves` [frames] samples
    read, gives the step to make in `hop` samples.
    """
    unit, mask = 4294967296 // size, size - 1
    move = moves[:, None]
    stretch = float(hop) / move.clamp_min(1).double()
    beside = wrapped(seen - ((peaks * move) & mask) * unit)
    scaled = torch.floor(beside.double() * stretch + 0.5).to(torch.int64)
    stretched = ((peaks * hop) & mask) * unit + scaled - seen
    return torch.where(move == hop, 0, torch.where(move > 0, stretched, -seen))


def settle(gather: Tensor, add: Tensor) -> Tensor:
    """The turns of all frames: int32 [frames, n], from their maps by doubling.

    Frame j has turns[j, p] = turns[j - 1, gather[j, p]] + add[j, p]. The last column is fixed
    ground: it gathers itself and adds nothing, and fresh frames gather from it alone.
    """
    reached = 1
    while reached < len(gather):
        before, here = gather[:-reached], gather[reached:]
        sums = add[reached:] + add[:-reached].gather(1, here)
        gather = torch.cat((gather[:reached], before.gather(1, here)))
        add = torch.cat((add[:reached], sums))
        reached *= 2
    return add


def carried(
    spectra: Tensor, regions: Regions, moves: Tensor, fresh: Tensor, given: Tensor, hop: int
) -> Tensor:
    """The turns of every region: int32 [frames, most].

    `fresh` [frames]: which frames start at `given` [frames, most], int32, instead of going on.
    """
    peaks = regions.peaks
    most = peaks.shape[1]
    add = added(steps_of(spectra, peaks), peaks, moves, hop, spectra.shape[-1])
    older = torch.cat((regions.numbers[:1], regions.numbers[:-1]))
    anew = fresh[:, None]
    gather = torch.where(anew, most, older.gather(1, peaks))
    add = torch.where(anew, given, wrapped(add).to(torch.int32))
    gather = torch.nn.functional.pad(gather, (0, 1), value=most)
    return settle(gather, torch.nn.functional.pad(add, (0, 1)))[:, :most]


def turned(spectra: Tensor, numbers: Tensor, turns: Tensor, gains: Tensor | None) -> Tensor:
    """Every bin times the rotor of its region, the mirrored half times the conjugate.

    `gains` [frames, bins] weigh the bins. Bin 0 and the one at half the rate keep to the real
    numbers of each channel.
    """
    rotors = rotors_of(turns.gather(1, numbers))
    rotors.imag[:, [0, -1]] = 0.0
    if gains is not None:
        rotors = rotors * gains
    whole = torch.cat((rotors, rotors[:, 1:-1].flip(-1).conj()), dim=-1)
    return spectra * whole
