// Puts a moment of the variation on the page: playhead, clock, and who is heard in this second.
//
// It knows marked elements (data-...) and shares per second. It refuses to know sound. Invariant: it
// changes text and SVG attributes only, never styles, because the policy of the page forbids those.

import { RATE, clock } from "player/schedule.js";

const EVERY = (root, name) => root.querySelectorAll(`[data-${name}]`);

function percent(sample, length) {
  return `${length ? ((100 * sample) / length).toFixed(2) : "0"}%`;
}

function say(root, name, text) {
  for (const element of EVERY(root, name)) {
    if (element.textContent !== text) element.textContent = text;
  }
}

/** Moves playhead, flag and veil of every stemma in `root`, and its position control. */
export function paintPosition(root, sample, length) {
  const at = percent(sample, length);
  for (const line of EVERY(root, "playhead")) {
    line.setAttribute("x1", at);
    line.setAttribute("x2", at);
  }
  for (const flag of EVERY(root, "flag")) flag.setAttribute("x", at);
  for (const veil of EVERY(root, "veil")) {
    veil.setAttribute("x", at);
    veil.setAttribute("width", percent(length - sample, length));
  }
  for (const name of EVERY(root, "name")) {
    name.classList.toggle("on-veil", parseFloat(name.getAttribute("x")) > parseFloat(at));
  }
  say(root, "clock", clock(sample));
  for (const range of EVERY(root, "seek")) {
    if (range.matches(":active")) continue;
    range.value = String(Math.floor(sample / RATE));
    range.setAttribute("aria-valuetext", `${clock(sample)} of ${clock(length)}`);
  }
}

/** Shows play or pause on every transport key, and what the player is waiting for. */
export function paintState(root, state) {
  const isOn = state !== "paused";
  for (const key of EVERY(root, "play")) {
    const word = key.querySelector("[data-word]");
    if (word) word.textContent = isOn ? "Pause" : word.dataset.word;
    else key.setAttribute("aria-label", isOn ? "Pause" : "Play");
    key.querySelector("use").setAttribute("href", isOn ? "#i-pause" : "#i-play");
  }
  say(root, "says", state === "waiting" ? "Waiting for the next bar." : "");
}

/** The shares (parts per thousand, one per source) in the second of `sample`, or null. */
export function sharesAt(segments, sample) {
  const segment = segments.find((one) => one.start <= sample && sample < one.end);
  if (!segment) return null;
  const second = Math.floor((sample - segment.start) / RATE);
  return segment.shares[Math.min(second, segment.shares.length - 1)] || null;
}

/** Fills the credits table for this second, largest share first. */
export function paintCredits(root, shares, sample) {
  say(root, "now", clock(sample));
  if (!shares) return;
  for (const body of EVERY(root, "credits")) {
    const rows = [...body.querySelectorAll("[data-source]")];
    const share = (row) => shares[Number(row.dataset.source)] || 0;
    for (const row of rows) paintShare(row, share(row));
    const order = [...rows].sort((a, b) => share(b) - share(a) || a.dataset.source - b.dataset.source);
    if (order.some((row, place) => row !== rows[place])) body.append(...order);
  }
}

function paintShare(row, share) {
  const text = share ? `${(share / 10).toFixed(1)} %` : "silent";
  const cell = row.querySelector("[data-share]");
  if (cell.textContent === text) return;
  cell.textContent = text;
  for (const bar of row.querySelectorAll("[data-bar]")) bar.setAttribute("width", `${share / 10}%`);
}
