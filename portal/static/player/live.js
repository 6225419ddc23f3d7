// Joins page, live list, engine, steering and picture; the door of the live pages.
//
// The sound starts with the press that asks for it, also where the page asked for a session only in
// that moment: the form hands its audio context over and the place of the player comes in its stead.

import { LiveEngine } from "player/live_engine.js";
import { LiveList } from "player/live_list.js";
import { addCredits, paintMoment, paintNow, paintState } from "player/live_paint.js";
import { Picture } from "player/live_picture.js";
import { onStart } from "player/live_start.js";
import { Steering } from "player/live_steer.js";
import { sectionAt } from "player/live_swap.js";
import { RATE } from "player/schedule.js";

const WAITING = "The first bars are being planned and cleared.";
const LATE = "The next second is on its way.";
const LOST = "The connection is lost. The session goes on as soon as it is back.";
const LEFT = "Someone took a stem back: it left at this bar.";
const UNLIKE = "What was made did not keep the song, so something plainer plays from this bar on.";
const FAULT = "The sound could not be fetched. Check your connection, then press play again.";
const still = window.matchMedia("(prefers-reduced-motion: reduce)");

class LivePlayer {
  constructor(place) {
    this.place = place;
    this.list = new LiveList(place.dataset.open, place.dataset.csrf);
    this.picture = new Picture(place.querySelector("[data-picture]"));
    this.engine = null;
    this.opening = null;
    this.second = -1;
    this.known = 0;
    this.told = "";
    const at = () => (this.engine ? this.engine.sample() : 0);
    this.steering = new Steering(place, this.list, at, () => this.section());
    place.querySelector("[data-play]").addEventListener("click", () => this.toggle());
    place.querySelector("[data-end]").addEventListener("click", () => this.finish());
    this.list.addEventListener("changed", () => this.changed());
    this.list.addEventListener("lost", () => this.tell(LOST));
    this.list.addEventListener("found", () => this.tell(""));
  }

  section() {
    return this.engine ? sectionAt(this.list.sections, this.engine.position) : undefined;
  }

  toggle() {
    if (this.engine && !this.engine.isPaused) return this.engine.pause();
    return this.play(this.engine?.context ?? new AudioContext({ sampleRate: RATE }));
  }

  /** Plays through `context`, which the press of a key made. */
  async play(context) {
    paintState(this.place, "waiting");
    if (!this.engine) this.tell(WAITING);
    try {
      this.opening ??= this.list.open();
      await this.opening;
      if (!this.list.token) return paintState(this.place, "paused");
      this.equip(context);
      await this.engine.play();
    } catch {
      this.opening = null;
      paintState(this.place, "paused");
      this.tell(FAULT);
    }
    return undefined;
  }

  equip(context) {
    if (this.engine) return;
    this.engine = new LiveEngine(context, this.list);
    this.engine.addEventListener("moved", (event) => this.moved(event.detail));
    this.engine.addEventListener("ended", () => this.over());
  }

  changed() {
    const { list } = this;
    addCredits(this.place, list.sources);
    this.picture.draw(list, this.engine ? this.engine.sample() : list.first * RATE);
    const fresh = list.sections.filter((one) => one.number > this.known);
    this.known = Math.max(this.known, list.have);
    if (list.sentence) this.tell(list.sentence);
    else if (this.told) this.tell("");
    else if (fresh.some((one) => one.because === "withdrawn")) this.tell(LEFT);
    else if (fresh.some((one) => one.because === "unlike")) this.tell(UNLIKE);
    this.told = list.sentence;
    if (list.isOver && (!this.engine || this.engine.state === "waiting")) this.over();
  }

  moved({ sample, state }) {
    paintState(this.place, state);
    this.steering.moved(sample, this.engine.version());
    this.says(state);
    const second = Math.floor(sample / RATE);
    if (second !== this.second) this.turn(second, sample);
    else if (!still.matches) this.picture.move(sample);
  }

  /** What changes once a second. */
  turn(second, sample) {
    this.second = second;
    this.list.forget(second);
    paintMoment(this.place, sample, this.section());
    paintNow(this.place, this.list.pieces.get(second), this.list.sources, sample);
    this.picture.draw(this.list, sample);
  }

  /** The sentence about waiting stands as long as one waits. */
  says(state) {
    const shown = this.place.querySelector("[data-says]").textContent;
    if (state === "waiting" && !shown) this.tell(LATE);
    else if (state === "playing" && [WAITING, LATE].includes(shown)) this.tell("");
  }

  async finish() {
    this.engine?.pause();
    try {
      const headers = { "X-CSRFToken": this.list.csrf };
      const response = await fetch(this.place.dataset.end, { method: "POST", headers });
      if (!response.ok) throw new Error(String(response.status));
      window.location.assign(this.place.dataset.page);
    } catch {
      this.tell("The end did not reach us. Check your connection, then press again.");
    }
  }

  /** Nothing follows: say why, and where one reads what was heard. */
  over() {
    paintState(this.place, "paused");
    this.tell(this.list.sentence || "This session is over.");
    this.place.querySelector("[data-play]").disabled = true;
    this.place.querySelector("[data-after]").hidden = false;
  }

  tell(sentence) {
    const says = this.place.querySelector("[data-says]");
    if (says.textContent !== sentence) says.textContent = sentence;
  }
}

let player = null;

function attach() {
  const place = document.querySelector("[data-live]");
  if (place && player?.place !== place) player = new LivePlayer(place);
  return player;
}

/** Space plays and pauses wherever no control of the page takes the key for itself. */
function onKey(event) {
  if (event.key !== " " || event.defaultPrevented || !player) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, button, a, summary, [tabindex='0']")) return;
  event.preventDefault();
  player.toggle();
}

document.addEventListener("keydown", onKey);
onStart((context) => attach().play(context));
attach();
