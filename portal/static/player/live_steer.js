// Steering: a press becomes a wish, and the answer says from when on it is heard.
//
// It knows keys with their steps, the present targets, and two addresses' worth of JSON. It refuses
// to know sound. Invariant: what is said of a bar line is read from the section that was planned
// for the wish, never guessed.

import { paintWishes, secondsUntil } from "player/live_paint.js";
import { clock } from "player/schedule.js";

const BOUNDS = { tempo_bpm: [40, 240] };

/** The key of music one step `along` those that the section may be in; null where they end. */
function keyAlong(along, wanted, section) {
  const { keys = [], key } = section;
  const now = keys.includes(wanted) ? wanted : key;
  const next = keys.includes(now) ? keys[keys.indexOf(now) + Number(along)] : undefined;
  return next ? { key: next } : null;
}

/**
 * The wish that a key stands for, given the targets that hold and the section that is heard; null
 * at an end.
 */
export function wishOf(key, targets, section) {
  const { target, step, ratio, set, along } = key;
  if (set !== undefined) return targets[target] === (set === "yes") ? null : { [target]: set === "yes" };
  if (along) return keyAlong(along, targets[target], section ?? {});
  const now = ratio ? targets[target] || section?.tempo_bpm : targets[target];
  if (!now && ratio) return null;
  const [low, high] = BOUNDS[target] || [0, 1];
  const wanted = ratio ? now * Number(ratio) : now + Number(step);
  const value = Math.round(Math.max(low, Math.min(high, wanted)) * 100) / 100;
  return value === now ? null : { [target]: value };
}

export class Steering {
  /** `place`: the marked place; `at`: gives the sample heard now; `section`: the present one. */
  constructor(place, list, at, section) {
    this.place = place;
    this.list = list;
    this.at = at;
    this.section = section;
    this.targets = JSON.parse(place.dataset.targets);
    this.pending = null;
    this.undone = null;
    this.sent = Promise.resolve();
    for (const key of place.querySelectorAll("[data-target]")) {
      key.addEventListener("click", () => this.press(key));
    }
    this.undo = place.querySelector("[data-undo]");
    this.undo.addEventListener("click", () => this.takeBack());
    list.addEventListener("changed", () => this.answer());
  }

  /** Keys pressed in a row count each from what the one before left. */
  inTurn(act) {
    this.sent = this.sent.then(act);
    return this.sent;
  }

  press(key) {
    return this.inTurn(() => this.step(key));
  }

  step(key) {
    const wish = wishOf(key.dataset, this.targets, this.section());
    if (!wish) return this.tell(key.dataset.endWords);
    const name = Object.keys(wish)[0];
    const before = { [name]: this.targets[name] };
    return this.send(wish, key.dataset.words, before, null);
  }

  takeBack() {
    return this.inTurn(() => {
      if (!this.undone) return undefined;
      const { before, control, words } = this.undone;
      return this.send(before, `Without “${words}”`, null, control);
    });
  }

  async send(wishes, words, before, undoes) {
    this.tell(`${words}: being planned.`);
    let answer;
    try {
      answer = await this.post({ wishes, at: Math.floor(this.at()), undoes });
    } catch {
      return this.tell("That did not reach us. Check your connection, then press again.");
    }
    if (answer.sentence) return this.tell(answer.sentence);
    this.targets = answer.targets;
    paintWishes(this.place, answer.targets);
    this.pending = { words, control: answer.control, line: null };
    this.undone = before && { before, control: answer.control, words };
    this.undo.hidden = !before;
    return this.answer();
  }

  async post(body) {
    const response = await fetch(this.place.dataset.steer, {
      method: "POST",
      credentials: "same-origin",
      headers: { "X-CSRFToken": this.list.csrf, "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok && response.status !== 422) throw new Error(String(response.status));
    return response.json();
  }

  /** Says the bar line as soon as a section follows the wish. */
  answer() {
    if (!this.pending || this.pending.line !== null) return undefined;
    const { words, control } = this.pending;
    const follows = this.list.sections.filter((one) => one.control >= control);
    if (!follows.length) return undefined;
    const first = follows.reduce((one, other) => (other.start < one.start ? other : one));
    this.pending.line = first.start;
    this.pending.version = first.number;
    const at = this.at();
    if (first.start <= at) return this.tell(`${words} as soon as it is made.`);
    const seconds = secondsUntil(first.start, at);
    return this.tell(`${words} from the next bar, in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`);
  }

  /** Says once since when it is heard: `version` sounds at `sample`. */
  moved(sample, version) {
    const { words, line, version: wanted } = this.pending ?? { line: null };
    if (line === null || version === null || version < wanted || sample < line) return;
    this.tell(`${words} since ${clock(sample)}.`);
    this.pending = null;
  }

  tell(sentence) {
    this.place.querySelector("[data-answer]").textContent = sentence;
  }
}
