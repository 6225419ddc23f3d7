// Plays the seconds of a live session without a gap, and puts new versions in the place of old ones.
//
// It knows an audio context and a live list. It refuses to know the page. Invariants: every second is
// placed from one anchor, so neighbours touch to the frame; one that comes late moves the anchor and
// nothing is skipped; an old version sounds until its new one is there.

import { FADE, crossing, lineAfter } from "player/live_swap.js";
import { RATE, frameAhead, sampleAt } from "player/schedule.js";

const LEAD_S = 0.06;
const AHEAD_S = 3;
const TICK_MS = 100;
const RETRY_MS = 700;
const RENEW_MS = 100;

export class LiveEngine extends EventTarget {
  /** `context`: an AudioContext at 48 kHz; `list`: an open LiveList. */
  constructor(context, list) {
    super();
    this.context = context;
    this.list = list;
    this.placed = [];
    this.state = "waiting";
    this.next = list.first;
    this.position = list.first * RATE;
    this.from = this.position;
    this.anchor = null;
    this.isPaused = true;
    this.busy = false;
    this.retryAt = 0;
    this.timer = null;
    list.addEventListener("changed", () => this.fill());
  }

  async play() {
    await this.context.resume();
    this.isPaused = false;
    this.timer ??= setInterval(() => this.tick(), TICK_MS);
    this.tick();
  }

  /** Holds the very clock of the sound: nothing that is placed has to be placed anew. */
  async pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.isPaused = true;
    this.announce();
    await this.context.suspend();
  }

  /** The sample that sounds now. */
  sample() {
    if (this.anchor === null) return this.position;
    const now = sampleAt(this.context.currentTime, this.anchor, this.from, this.scheduled());
    return Math.max(this.position, now);
  }

  /** How far sound is placed. */
  scheduled() {
    return this.anchor === null ? this.position : this.next * RATE;
  }

  tick() {
    this.position = this.sample();
    this.placed = this.placed.filter((one) => one.until > this.position - RATE);
    if (this.anchor !== null && this.position >= this.scheduled()) this.stall();
    this.announce();
    return this.fill();
  }

  /** The next second is not there yet: wait without losing the place. */
  stall() {
    this.anchor = null;
    this.state = "waiting";
    if (!this.list.isOver) return;
    this.pause();
    this.dispatchEvent(new Event("ended"));
  }

  async fill() {
    if (this.busy) return;
    this.busy = true;
    try {
      for (let piece = this.wanted(); piece; piece = this.wanted()) await this.bring(piece);
    } finally {
      this.busy = false;
    }
  }

  /** What to fetch next: new versions of what is placed, then what follows. */
  wanted() {
    if (performance.now() < this.retryAt) return undefined;
    const stale = this.placed.find((one) => this.isStale(one));
    if (stale) return this.list.pieces.get(stale.number);
    const isFar = this.next * RATE - this.position >= AHEAD_S * RATE;
    if (isFar || this.list.isOver) return undefined;
    return this.list.piece(this.next) ?? this.newest();
  }

  isStale(one) {
    const listed = this.list.pieces.get(one.number);
    return one.isLast && one.until > this.sample() && listed?.version > one.passed;
  }

  /** Where the next second is gone for good (a very long pause), the first that is offered. */
  newest() {
    if (this.anchor !== null || this.list.after <= this.next) return undefined;
    const offered = [...this.list.pieces.keys()].filter((number) => number > this.next);
    if (!offered.length) return undefined;
    this.next = Math.min(...offered);
    this.position = this.next * RATE;
    return this.list.pieces.get(this.next);
  }

  async bring(piece) {
    let buffer;
    try {
      buffer = await this.decoded(piece);
    } catch (fault) {
      this.missed(piece, /^4/.test(fault.message));
      return;
    }
    this.list.found();
    if (this.list.piece(piece.number)?.version !== piece.version) return;
    const old = this.placed.filter((one) => one.number === piece.number);
    if (old.length) this.swap(old, piece, buffer);
    else this.append(piece, buffer);
  }

  /** A second that is refused was changed meanwhile, or its leave has run out. */
  missed(piece, isRefused) {
    this.retryAt = performance.now() + (isRefused ? RENEW_MS : RETRY_MS);
    if (isRefused) this.list.renew(piece);
    else this.list.lose();
  }

  /** The version of what sounds now; null while nothing does. */
  version() {
    const now = this.sample();
    return this.placed.findLast((one) => one.from <= now && now < one.until)?.version ?? null;
  }

  async decoded(piece) {
    const address = `${piece.url}?at=${Math.floor(this.sample())}`;
    const response = await fetch(address, { credentials: "same-origin" });
    if (!response.ok) throw new Error(String(response.status));
    return this.context.decodeAudioData(await response.arrayBuffer());
  }

  append(piece, buffer) {
    const isLate = this.anchor !== null && this.when(piece.start) < this.context.currentTime;
    if (this.anchor === null || isLate) this.moveAnchor(piece);
    this.place(piece, buffer, piece.start, this.isJoined(piece.number) ? 0 : FADE);
    this.next = piece.number + 1;
  }

  /** Everything from this second on sounds from the next possible frame on. */
  moveAnchor(piece) {
    this.from = piece.start;
    this.anchor = frameAhead(this.context.currentTime, LEAD_S);
    this.position = Math.max(this.position, piece.start);
    this.state = "playing";
    this.announce();
  }

  /** Whether what sounds before second `number` is in its newest version. */
  isJoined(number) {
    const before = this.placed.find((one) => one.number === number - 1 && one.isLast);
    const listed = this.list.pieces.get(number - 1);
    return !before || !listed || before.version === listed.version;
  }

  swap(old, piece, buffer) {
    const last = old.find((one) => one.isLast);
    const line = lineAfter(this.list.sections, last.version) ?? piece.start;
    const earliest = this.sample() + LEAD_S * RATE;
    const isJoined = this.isJoined(piece.number);
    const whole = crossing(piece, line, this.list.ahead, Math.ceil(earliest), isJoined);
    if (whole >= piece.end) {
      last.passed = piece.version;
      return;
    }
    const isWhole = whole === piece.start;
    const begin = isWhole ? whole : whole - FADE;
    for (const one of old) this.end(one, begin, whole);
    this.place(piece, buffer, begin, isWhole ? 0 : FADE);
    this.dispatchEvent(new CustomEvent("swapped", { detail: { number: piece.number, line, whole } }));
  }

  /** Takes a node out over [begin, whole); one that would begin later does not sound at all. */
  end(one, begin, whole) {
    one.isLast = false;
    if (one.until <= begin) return;
    if (one.from >= begin) {
      one.node.stop();
      one.node.disconnect();
      this.placed = this.placed.filter((kept) => kept !== one);
      return;
    }
    const { gain } = one.volume;
    gain.cancelScheduledValues(this.when(begin));
    gain.setValueAtTime(1, this.when(begin));
    gain.linearRampToValueAtTime(0, this.when(whole));
    one.node.stop(this.when(whole));
    one.until = whole;
  }

  /** Lets a second sound from sample `from` of the session on, coming in over `fade` samples. */
  place(piece, buffer, from, fade) {
    const node = new AudioBufferSourceNode(this.context, { buffer });
    const volume = new GainNode(this.context, { gain: fade ? 0 : 1 });
    node.connect(volume).connect(this.context.destination);
    if (fade) {
      volume.gain.setValueAtTime(0, this.when(from));
      volume.gain.linearRampToValueAtTime(1, this.when(from + fade));
    }
    node.start(this.when(from), (from - piece.start) / RATE);
    node.onended = () => volume.disconnect();
    const { number, version, end: until } = piece;
    const passed = version;
    this.placed.push({ number, version, passed, from, until, node, volume, isLast: true });
  }

  /** The context time at which a sample of the session sounds. */
  when(sample) {
    return (this.anchor + sample - this.from) / RATE;
  }

  announce() {
    const state = this.isPaused ? "paused" : this.state;
    this.dispatchEvent(new CustomEvent("moved", { detail: { sample: this.position, state } }));
  }
}
