// The stemma of the last minute of a live session, and what is planned after it.
//
// It knows seconds with their shares, sections, and one marked picture. It refuses to know sound.
// Invariants: a second is as thick as it is loud, and each stem's part of it as wide as its share;
// what a model wrote lies hatched under the rest of its stem; stems stand in one fixed order; only
// attributes change.

import { roleOf, tempoOf } from "player/live_paint.js";
import { RATE } from "player/schedule.js";

const ORDER = ["strings", "vocals", "pad", "guitar", "keys", "other", "bass", "drums"];
const PAST_S = 60;
const SPAN_S = 76;
const HEIGHT = 100;
const SVG = "http://www.w3.org/2000/svg";
const LABEL_S = 9;

function rank(source) {
  return ORDER.indexOf(roleOf(source));
}

/** The places of the sources from top to bottom. */
export function stacked(sources) {
  return sources.map((_, place) => place).sort((a, b) => rank(sources[a]) - rank(sources[b]) || a - b);
}

/**
 * Two paths for each source over the seconds of `run` (pieces one after the other), in their places:
 * what people played and what a model wrote, "" where it wrote nothing; x in seconds of the session,
 * y from 0 to HEIGHT.
 */
export function streams(run, sources) {
  const order = stacked(sources);
  const tops = run.map((piece) => edges(piece, order));
  const middles = run.map((piece) => piece.number + 0.5);
  const isWritten = (place) => run.some((piece) => (piece.model || [])[place]);
  return new Map(
    order.map((place, row) => [
      place,
      {
        people: ribbon(middles, tops, 2 * row),
        model: isWritten(place) ? ribbon(middles, tops, 2 * row + 1) : "",
      },
    ]),
  );
}

function edges(piece, order) {
  const tall = piece.shares.length ? HEIGHT * piece.loudness : 0;
  let y = (HEIGHT - tall) / 2;
  const found = [y];
  for (const place of order) {
    const share = piece.shares[place] || 0;
    const model = Math.min(share, (piece.model || [])[place] || 0);
    for (const part of [share - model, model]) {
      y += (tall * part) / 1000;
      found.push(y);
    }
  }
  return found;
}

/** A smooth band between two edges; it begins and ends half a second beyond the middles. */
function ribbon(middles, tops, row) {
  const upper = curve(middles, tops.map((edge) => edge[row]));
  const lower = curve([...middles].reverse(), tops.map((edge) => edge[row + 1]).reverse());
  return `M${upper}L${lower}Z`;
}

function curve(xs, ys) {
  const step = Math.sign((xs[1] ?? xs[0] + 1) - xs[0]) / 2;
  const last = xs.length - 1;
  let path = `${xs[0] - step} ${ys[0].toFixed(1)}L${xs[0]} ${ys[0].toFixed(1)}`;
  for (let at = 1; at <= last; at += 1) {
    const middle = (xs[at - 1] + xs[at]) / 2;
    const [from, to] = [ys[at - 1].toFixed(1), ys[at].toFixed(1)];
    path += `C${middle} ${from} ${middle} ${to} ${xs[at]} ${to}`;
  }
  return `${path}L${xs[last] + step} ${ys[last].toFixed(1)}`;
}

/** Runs of seconds without a hole among `pieces`, from `first` on. */
export function runs(pieces, first) {
  const numbers = [...pieces.keys()].filter((number) => number >= first).sort((a, b) => a - b);
  const found = [];
  for (const number of numbers) {
    const run = found.at(-1);
    if (run && run.at(-1).number === number - 1) run.push(pieces.get(number));
    else found.push([pieces.get(number)]);
  }
  return found;
}

export class Picture {
  /** `figure`: the element that holds the marked picture. */
  constructor(figure) {
    this.streams = figure.querySelector("[data-streams]");
    this.plan = figure.querySelector("[data-plan]");
    this.ruler = figure.querySelector("[data-ruler]");
    this.layers = new Map();
  }

  /** Draws streams and plan anew: after news, and once a second. */
  draw(list, sample) {
    const first = Math.floor(sample / RATE) - PAST_S - 1;
    const found = runs(list.pieces, first).map((run) => streams(run, list.sources));
    list.sources.forEach((source, place) => {
      for (const kind of ["people", "model"]) {
        const path = found.map((one) => one.get(place)[kind]).join("") || "M0 0";
        for (const drawn of this.layer(source, place, kind)) drawn.setAttribute("d", path);
      }
    });
    this.sections = list.sections.filter((one) => one.end > (first + 1) * RATE);
    this.planned(list, sample);
    this.move(sample);
  }

  /** Moves the window so that `sample` lies under the playhead. */
  move(sample) {
    const left = sample / RATE - PAST_S;
    this.streams.setAttribute("viewBox", `${left.toFixed(2)} 0 ${SPAN_S} ${HEIGHT}`);
    this.plan.setAttribute("viewBox", `${left.toFixed(2)} 0 ${SPAN_S} ${HEIGHT}`);
    (this.sections || []).forEach((section, place) => this.mark(section, place, left));
    while (this.ruler.children.length > (this.sections || []).length) this.ruler.lastChild.remove();
  }

  /** The paths of a source: its color, and hatching over it where a model wrote. */
  layer(source, place, kind) {
    const name = `${place} ${kind}`;
    if (!this.layers.has(name)) {
      const paths = [document.createElementNS(SVG, "path")];
      paths[0].setAttribute("class", `layer role-${roleOf(source)}`);
      if (kind === "model") {
        paths.push(document.createElementNS(SVG, "path"));
        paths[1].setAttribute("fill", "url(#hatch-wide)");
      }
      this.streams.append(...paths);
      this.layers.set(name, paths);
    }
    return this.layers.get(name);
  }

  /** What is planned and not made yet: as tall as its energy. */
  planned(list, sample) {
    const made = Math.max(list.after * RATE, sample);
    const path = this.sections
      .filter((one) => one.end > made)
      .map((one) => {
        const [x0, x1] = [Math.max(one.start, made) / RATE, one.end / RATE];
        const half = (HEIGHT * (0.25 + 0.5 * one.energy)) / 2;
        return `M${x0.toFixed(2)} ${50 - half}H${x1.toFixed(2)}V${50 + half}H${x0.toFixed(2)}Z`;
      })
      .join("");
    this.plan.firstElementChild.setAttribute("d", path || "M0 0");
  }

  /** A tick of the ruler where a section begins, with its tempo and key where there is room. */
  mark(section, place, left) {
    const mark = this.ruler.children[place] || this.ruler.appendChild(this.newMark());
    const x = (100 * (section.start / RATE - left)) / SPAN_S;
    const length = (section.end - section.start) / RATE;
    const isSeen = x >= 0 && x <= 100;
    mark.toggleAttribute("hidden", !isSeen);
    mark.setAttribute("x", `${x.toFixed(2)}%`);
    const text = length < LABEL_S || x > 88 ? "" : [tempoOf(section), section.key].filter(Boolean).join(", ");
    if (mark.lastChild.textContent !== text) mark.lastChild.textContent = text;
  }

  newMark() {
    const mark = document.createElementNS(SVG, "svg");
    const line = document.createElementNS(SVG, "line");
    const text = document.createElementNS(SVG, "text");
    for (const [name, value] of [["class", "ruler"], ["y1", "94%"], ["y2", "97%"]]) {
      line.setAttribute(name, value);
    }
    for (const [name, value] of [["class", "ruler-text wide"], ["dx", "4"], ["y", "100%"]]) {
      text.setAttribute(name, value);
    }
    mark.append(line, text);
    return mark;
  }
}
