// Fetches, decodes and schedules segments without a gap.
//
// It knows an audio context and a play list. It refuses to know the page. Invariant: every decoded
// segment is placed by `schedule.placed` from one anchor, so neighbours touch to the frame; when a segment
// comes too late the anchor moves, and nothing is skipped.

import { RATE, frameAhead, placed, sampleAt } from "player/schedule.js";

const LEAD_S = 0.06;
const AHEAD_S = 12;
const TICK_MS = 100;

export class Engine extends EventTarget {
  /** `context`: a running or suspended AudioContext at 48 kHz; `playlist`: an open Playlist. */
  constructor(context, playlist) {
    super();
    this.context = context;
    this.playlist = playlist;
    this.nodes = new Set();
    this.state = "paused";
    this.anchor = 0;
    this.from = 0;
    this.next = 0;
    this.position = 0;
    this.turn = 0;
    this.busy = false;
    this.timer = null;
  }

  /** Starts, or goes on, at the present position. */
  async play() {
    await this.context.resume();
    if (this.state !== "paused") return;
    if (this.ended()) this.position = 0;
    this.begin(this.position);
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.tick();
  }

  pause() {
    this.position = this.sample();
    this.silence();
    clearInterval(this.timer);
    this.set("paused");
  }

  /** Goes to `sample`, playing on if it was playing. */
  seek(sample) {
    const target = Math.max(0, Math.min(this.playlist.audible, Math.round(sample)));
    this.dispatchEvent(new CustomEvent("leap", { detail: { from: this.sample(), to: target } }));
    this.position = target;
    if (this.state === "paused") return this.announce();
    this.silence();
    this.begin(target);
    this.tick();
    return undefined;
  }

  /** The sample that sounds now. */
  sample() {
    if (this.state !== "playing") return this.position;
    const now = sampleAt(this.context.currentTime, this.anchor, this.from, this.playlist.length);
    return Math.max(this.position, Math.min(now, this.scheduled()));
  }

  begin(sample) {
    this.turn += 1;
    this.position = sample;
    this.from = sample;
    this.anchor = 0;
    const { segments } = this.playlist;
    const at = segments.findIndex((segment) => segment.end > sample);
    this.next = at < 0 ? segments.length : at;
    this.set("waiting");
  }

  silence() {
    this.turn += 1;
    for (const node of this.nodes) {
      node.onended = null;
      node.stop();
      node.disconnect();
    }
    this.nodes.clear();
  }

  /** How far sound is scheduled, in samples of the variation. */
  scheduled() {
    const last = this.playlist.segments[this.next - 1];
    return last && this.anchor ? last.end : this.from;
  }

  ended() {
    return this.playlist.complete && this.playlist.audible > 0 && this.position >= this.playlist.audible;
  }

  tick() {
    if (this.state === "playing") {
      this.position = this.sample();
      if (this.ended()) return this.finish();
      if (this.position >= this.scheduled()) this.stall();
    }
    this.announce();
    this.fill();
    return undefined;
  }

  finish() {
    this.pause();
    this.position = this.playlist.audible;
    this.dispatchEvent(new Event("ended"));
    this.announce();
  }

  /** The next segment is not there yet: wait without losing the place. */
  stall() {
    if (this.playlist.closed) return this.pause();
    this.from = this.scheduled();
    this.position = this.from;
    this.anchor = 0;
    this.set("waiting");
    return undefined;
  }

  async fill() {
    if (this.busy) return;
    this.busy = true;
    const { turn } = this;
    try {
      while (turn === this.turn && this.wants()) await this.add(turn);
    } catch (fault) {
      this.dispatchEvent(new CustomEvent("fault", { detail: fault.message }));
    } finally {
      this.busy = false;
    }
    if (turn !== this.turn && this.state !== "paused") this.fill();
  }

  wants() {
    if (this.next >= this.playlist.segments.length) return false;
    return this.scheduled() - this.position < AHEAD_S * RATE;
  }

  async add(turn) {
    await this.playlist.renew();
    const segment = this.playlist.segments[this.next];
    const buffer = await this.decoded(segment);
    if (turn !== this.turn) return;
    if (!this.anchor) {
      this.anchor = frameAhead(this.context.currentTime, LEAD_S);
      this.set("playing");
    }
    const place = placed(segment, this.anchor, this.from);
    if (place.when < this.context.currentTime) this.slip(segment);
    this.schedule(buffer, placed(segment, this.anchor, this.from));
    this.next += 1;
  }

  /** A segment came after its moment: everything from it on moves to the next possible frame. */
  slip(segment) {
    this.from = Math.max(this.from, segment.start);
    this.anchor = frameAhead(this.context.currentTime, LEAD_S);
  }

  async decoded(segment) {
    const response = await fetch(segment.url, { credentials: "same-origin" });
    if (!response.ok) throw new Error(String(response.status));
    return this.context.decodeAudioData(await response.arrayBuffer());
  }

  schedule(buffer, place) {
    const node = new AudioBufferSourceNode(this.context, { buffer });
    node.connect(this.context.destination);
    node.onended = () => this.nodes.delete(node);
    node.start(place.when, place.offset);
    this.nodes.add(node);
  }

  set(state) {
    this.state = state;
    this.announce();
  }

  announce() {
    this.dispatchEvent(new CustomEvent("moved", { detail: { sample: this.position, state: this.state } }));
  }
}
