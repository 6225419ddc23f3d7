// Joins page, play list, engine and reports; one player lives as long as the page.
//
// The place on the page is swapped while a variation is made (asking, rendering, playing); the player is
// not: it binds itself to whatever stands there now, and sound goes on.

import { Engine } from "player/engine.js";
import { paintCredits, paintPosition, paintState, sharesAt } from "player/paint.js";
import { Playlist } from "player/playlist.js";
import { Reports } from "player/reports.js";
import { RATE } from "player/schedule.js";

const players = new Map();
const FAULT = "The sound could not be fetched. Check your connection, then press play again.";
const GONE = "This variation may no longer be played: a permission in it was withdrawn.";
const SEEK_STEP = 5 * RATE;
const REOPEN_AFTER_MS = 30000;

class Player {
  constructor(place) {
    this.place = place;
    this.playlist = new Playlist(place.dataset.open, place.dataset.csrf);
    this.reports = new Reports(place.dataset.report, place.dataset.csrf, this.playlist);
    this.engine = null;
    this.second = -1;
    this.opening = null;
    this.reopened = 0;
  }

  bind(place) {
    this.place = place;
    for (const key of place.querySelectorAll("[data-play]")) {
      key.addEventListener("click", () => this.toggle());
    }
    for (const range of place.querySelectorAll("[data-seek]")) {
      range.addEventListener("input", () => this.seek(Number(range.value) * RATE));
    }
    for (const picture of place.querySelectorAll("[data-leap]")) {
      picture.addEventListener("click", (event) => this.leap(event, picture));
    }
    this.second = -1;
    if (this.engine) this.paint(this.engine.position, this.engine.state);
  }

  async toggle() {
    if (this.engine && this.engine.state !== "paused") return this.engine.pause();
    try {
      await this.ready();
      await this.engine.play();
    } catch (fault) {
      this.tell(/^4/.test(fault.message) ? GONE : FAULT);
    }
    return undefined;
  }

  /** Opens the play list and an audio context, once; the context needs the press of a key. */
  ready() {
    if (!this.opening) {
      const context = this.engine
        ? this.engine.context
        : new AudioContext({ sampleRate: RATE, latencyHint: "playback" });
      this.opening = this.playlist.open().then(() => this.equip(context));
      this.opening.catch(() => {
        this.opening = null;
        if (!this.engine) context.close();
      });
    }
    return this.opening;
  }

  /** A token is leave to play once: the next press of play opens the list anew. */
  finished() {
    this.opening = null;
    this.tell(this.place.dataset.afterwards || "");
  }

  equip(context) {
    if (this.engine) return;
    this.engine = new Engine(context, this.playlist);
    this.engine.addEventListener("moved", (event) => this.moved(event.detail));
    this.engine.addEventListener("leap", (event) => this.leapt(event.detail));
    this.engine.addEventListener("ended", () => this.finished());
    this.engine.addEventListener("fault", (event) => this.faulted(event.detail));
    this.playlist.onChange(() => this.playlist.closed && this.faulted("404"));
  }

  moved({ sample, state }) {
    if (state === "playing") this.reports.heard(sample);
    else this.reports.close();
    this.paint(sample, state);
  }

  leapt() {
    this.reports.close();
  }

  /** Leave may have run out during a long pause: ask once anew before saying that it is gone. */
  async faulted(fault) {
    this.engine.pause();
    const isFresh = Date.now() - this.reopened < REOPEN_AFTER_MS;
    if (!/^4/.test(fault) || isFresh) return this.tell(/^4/.test(fault) ? GONE : FAULT);
    this.reopened = Date.now();
    this.opening = null;
    return this.toggle();
  }

  async seek(sample) {
    try {
      await this.ready();
      this.engine.seek(sample);
    } catch (fault) {
      this.tell(/^4/.test(fault.message) ? GONE : FAULT);
    }
  }

  leap(event, picture) {
    const box = picture.getBoundingClientRect();
    const length = Number(this.place.dataset.length);
    this.seek(((event.clientX - box.left) / box.width) * length);
  }

  step(samples) {
    if (this.engine) this.engine.seek(this.engine.sample() + samples);
  }

  paint(sample, state) {
    paintPosition(this.place, sample, this.playlist.length || Number(this.place.dataset.length));
    paintState(this.place, state);
    const second = Math.floor(sample / RATE);
    if (second === this.second) return;
    this.second = second;
    paintCredits(this.place, sharesAt(this.playlist.segments, sample), sample);
  }

  tell(sentence) {
    for (const place of this.place.querySelectorAll("[data-says]")) place.textContent = sentence;
  }
}

function attach() {
  for (const place of document.querySelectorAll("[data-player]")) {
    if (place.dataset.bound) continue;
    place.dataset.bound = "yes";
    const name = place.dataset.player;
    if (!players.has(name)) players.set(name, new Player(place));
    players.get(name).bind(place);
  }
}

/** Space plays and pauses, arrows step, wherever no control of the page takes the key for itself. */
function onKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, button, a, summary, [tabindex='0']")) return;
  const player = players.values().next().value;
  if (!player) return;
  const deed = {
    " ": () => player.toggle(),
    ArrowLeft: () => player.step(-SEEK_STEP),
    ArrowRight: () => player.step(SEEK_STEP),
  }[event.key];
  if (!deed) return;
  event.preventDefault();
  deed();
}

document.addEventListener("keydown", onKey);
document.addEventListener("htmx:afterSettle", attach);
window.addEventListener("pagehide", () => {
  for (const player of players.values()) player.reports.close();
});
attach();
