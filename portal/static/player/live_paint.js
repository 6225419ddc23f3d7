// Puts a moment of a live session on the page: clock, tempo and key, who is heard, what was wished.
//
// It knows marked elements (data-...). It refuses to know sound and requests. Invariant: it changes
// text, classes and SVG attributes only, never styles, because the policy of the page forbids those.

import { paintCredits } from "player/paint.js";
import { RATE, clock } from "player/schedule.js";

const ROLES = new Set(["drums", "bass", "keys", "guitar", "vocals", "pad", "strings"]);
const QUANTITIES = ["energy", "density", "brightness", "valence"];

/** The role whose colour a stem has. */
export function roleOf(source) {
  return ROLES.has(source.role) ? source.role : "other";
}

export function say(root, name, text) {
  for (const element of root.querySelectorAll(`[data-${name}]`)) {
    if (element.textContent !== text) element.textContent = text;
  }
}

/** "112 bpm", or "free time" where there is no beat. */
export function tempoOf(section) {
  return section.tempo_bpm ? `${Math.round(section.tempo_bpm)} bpm` : "free time";
}

export function paintMoment(root, sample, section) {
  say(root, "clock", clock(sample));
  if (!section) return;
  const parts = [tempoOf(section), section.key, `section ${section.number + 1}`];
  say(root, "moment", `, ${parts.filter(Boolean).join(", ")}`);
}

/** A row of the credits for every source that came in since. */
export function addCredits(root, sources) {
  const body = root.querySelector("[data-credits]");
  const pattern = root.querySelector("template[data-credit]");
  const several = new Set(sources.map((one) => one.recording)).size > 1;
  for (let place = body.children.length; place < sources.length; place += 1) {
    const row = pattern.content.firstElementChild.cloneNode(true);
    const source = sources[place];
    row.dataset.source = String(place);
    for (const marked of row.querySelectorAll("[data-role]")) {
      marked.classList.add(`role-${roleOf(source)}`);
    }
    say(row, "label", source.label);
    say(row, "detail", detailOf(source, several));
    say(row, "party", source.party);
    body.append(row);
  }
}

function detailOf(source, isOneOfSeveral) {
  if (isOneOfSeveral) return `from ${source.recording}`;
  return source.label.toLowerCase().includes(source.role) ? "" : source.role;
}

/** Who is heard in the second of `sample`, largest share first. */
export function paintNow(root, piece, sources, sample) {
  if (piece) paintCredits(root, sources.map((_, place) => piece.shares[place] || 0), sample);
}

export function paintWishes(root, targets) {
  for (const name of QUANTITIES) say(root, `wish-${name}`, String(Math.round(targets[name] * 100)));
  say(root, "wish-tempo", targets.tempo_bpm ? `${Math.round(targets.tempo_bpm)} bpm` : "as it comes");
  say(root, "wish-key", targets.key || "as it comes");
  say(root, "wish-vocals", targets.vocals ? "as sung" : "none");
}

export function paintState(root, state) {
  const isOn = state !== "paused";
  for (const key of root.querySelectorAll("[data-play]")) {
    key.setAttribute("aria-label", isOn ? "Pause" : "Play");
    key.querySelector("use").setAttribute("href", isOn ? "#i-pause" : "#i-play");
  }
}

/** Seconds from `sample` to `line` as a person counts them, at least one. */
export function secondsUntil(line, sample) {
  return Math.max(1, Math.round((line - sample) / RATE));
}
