// When each piece of a variation sounds, in whole frames of the audio clock.
//
// Pure: no network, no nodes, no clock of its own. Invariant: two neighbouring segments are placed on
// neighbouring frames, whatever was rounded before, so that nothing is lost or doubled between them.

export const RATE = 48000;

/** The frame of the context at which a piece begins that starts after `lead` seconds from now. */
export function frameAhead(now, lead) {
  return Math.ceil((now + lead) * RATE);
}

/**
 * Where a segment stands when sample `from` sounds at frame `anchor`.
 * Gives {when, offset, frames}: context seconds, seconds into the segment, frames that sound; or null
 * for a segment that lies wholly before `from`.
 */
export function placed(segment, anchor, from) {
  if (segment.end <= from) return null;
  const first = Math.max(segment.start, from);
  return {
    when: (anchor + first - from) / RATE,
    offset: (first - segment.start) / RATE,
    frames: segment.end - first,
  };
}

/** The sample that sounds at context time `now`, within [0, length]. */
export function sampleAt(now, anchor, from, length) {
  return Math.max(0, Math.min(length, Math.round(now * RATE) - anchor + from));
}

/** "1:24" for a number of samples. */
export function clock(samples) {
  const seconds = Math.floor(samples / RATE);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Milliseconds, rounded down, of a number of samples. */
export function milliseconds(samples) {
  return Math.floor(samples / (RATE / 1000));
}
