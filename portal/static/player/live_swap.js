// Which sections of an endless piece stand, and where new sound takes the place of old sound.
//
// Pure: no network, no nodes, no clock. Positions are samples of the session. Invariant: what is
// before a bar line stays; where two versions of a second are the same sound, they are crossed there.

import { RATE } from "player/schedule.js";

/** So long two versions are crossed: 10 ms. */
export const FADE = RATE / 100;

/** The sections that are to sound once `section` is written: it cuts or replaces what lies behind its start. */
export function standing(sections, section) {
  const kept = sections
    .filter((one) => one.start < section.start && one.number !== section.number)
    .map((one) => ({ ...one, end: Math.min(one.end, section.start) }));
  return [...kept, section];
}

/** The first segment in which a section has a part that begins at `start`. */
export function firstChanged(start, ahead) {
  return Math.max(0, Math.floor((start - ahead) / RATE));
}

/** The bar line from which sections newer than `version` sound, or null. */
export function lineAfter(sections, version) {
  const newer = sections.filter((one) => one.number > version);
  return newer.length ? Math.min(...newer.map((one) => one.start)) : null;
}

/**
 * The sample from which the new sound of `piece` is heard alone.
 *
 * `line`: where the new section begins; `ahead`: how far before it the sound may differ; `earliest`:
 * what can still be changed; `isJoined`: what sounds before the piece is in its newest version. At
 * the start of the piece nothing is crossed; else the two are crossed in the FADE before: where
 * they are still the same, or at the line, or as soon as can be. Beyond its end it is too late.
 */
export function crossing(piece, line, ahead, earliest, isJoined) {
  if (isJoined && earliest <= piece.start) return piece.start;
  const first = Math.max(earliest, piece.start) + FADE;
  return first <= line - ahead ? line - ahead : Math.max(line, first);
}

/** The section that sounds at `sample`, or undefined. */
export function sectionAt(sections, sample) {
  return sections.find((one) => one.start <= sample && sample < one.end);
}
