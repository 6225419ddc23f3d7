// What there is of a live session: its sections, its seconds in their newest version, and leave to
// fetch them.
//
// It knows addresses and JSON. It refuses to know sound and pages. Invariant: a second that a newer
// section made stale is not in the list until its new version is. Before anything is there, the
// second that is coming can be asked for and waited for; the list brings it too, with its shares.

import { firstChanged, standing } from "player/live_swap.js";

const WAIT_AFTER_FAULT_MS = 1500;
const WAIT_UNPAID_MS = 8000;
const KEPT_SECONDS = 90;

function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}

export class LiveList extends EventTarget {
  /** `playAt`: address that opens the session by POST; `csrf`: the form token it wants. */
  constructor(playAt, csrf) {
    super();
    this.playAt = playAt;
    this.csrf = csrf;
    this.sections = [];
    this.pieces = new Map();
    this.coming = null;
    this.sources = [];
    this.token = "";
    this.more = "";
    this.first = 0;
    this.after = 0;
    this.have = 0;
    this.ahead = 0;
    this.isWaiting = false;
    this.isOver = false;
    this.isLost = false;
    this.sentence = "";
    this.asking = null;
  }

  /** Opens the session, and goes on following it until it is over. Resolves when it may be heard. */
  async open() {
    while (!this.token && !this.isOver) {
      const answer = await this.ask(this.playAt, { method: "POST" });
      this.isOver = answer.is_over;
      this.sentence = answer.sentence;
      if (answer.token) this.begin(answer);
    }
    this.say("changed");
    if (!this.isOver) this.follow();
  }

  begin(answer) {
    this.token = answer.token;
    this.more = answer.more;
    this.ahead = answer.ahead;
    this.first = answer.after;
    this.after = answer.after;
    this.coming = answer.coming;
    this.take(answer);
  }

  /** The second of that number, to be fetched: as it is listed, or the one that is coming. */
  piece(number) {
    const isNext = this.coming?.number === number;
    return this.pieces.get(number) ?? (isNext ? this.coming : undefined);
  }

  async ask(address, options = {}) {
    const response = await fetch(address, {
      credentials: "same-origin",
      headers: { "X-CSRFToken": this.csrf, Accept: "application/json" },
      ...options,
    });
    if (!response.ok) throw new Error(String(response.status));
    return response.json();
  }

  /** Asks for what is new; the server answers when something is. */
  async follow() {
    while (!this.isOver) {
      try {
        this.take(await this.news());
        this.found();
        if (this.sentence && !this.isOver) await pause(WAIT_UNPAID_MS);
      } catch (fault) {
        if (fault.name === "AbortError") continue;
        if (/^4/.test(fault.message)) this.close();
        else this.lose();
        await pause(WAIT_AFTER_FAULT_MS);
      }
    }
  }

  news() {
    this.asking = new AbortController();
    const { signal } = this.asking;
    const waiting = this.isWaiting ? 1 : 0;
    const known = `after=${this.after}&have=${this.have}&waiting=${waiting}`;
    return this.ask(`${this.more}&${known}`, { signal });
  }

  take(answer) {
    this.isWaiting = answer.is_waiting;
    this.isOver = answer.is_over;
    this.sentence = answer.sentence;
    this.sources = answer.sources;
    for (const section of answer.sections) this.plan(section);
    for (const piece of answer.segments) this.pieces.set(piece.number, piece);
    while (this.pieces.has(this.after)) this.after += 1;
    this.say("changed");
  }

  plan(section) {
    this.sections = standing(this.sections, section);
    this.have = Math.max(this.have, section.number);
    const stale = firstChanged(section.start, this.ahead);
    for (const [number, piece] of this.pieces) {
      if (number >= stale && piece.version < section.number) this.remove(number);
    }
    if (this.coming?.number >= stale && this.coming.version < section.number) this.coming = null;
  }

  remove(number) {
    this.pieces.delete(number);
    if (this.coming?.number === number) this.coming = null;
    this.after = Math.min(this.after, number);
  }

  /** A second could not be fetched under its address: ask for it anew at once. */
  renew(piece) {
    if (this.piece(piece.number) !== piece) return;
    this.remove(piece.number);
    this.asking?.abort();
  }

  /** Forgets what was heard long before `number`. */
  forget(number) {
    for (const known of this.pieces.keys()) {
      if (known < number - KEPT_SECONDS) this.pieces.delete(known);
    }
    this.sections = this.sections.filter((one) => one.end > (number - KEPT_SECONDS) * 48000);
  }

  close() {
    this.isOver = true;
    this.say("changed");
  }

  lose() {
    if (this.isLost) return;
    this.isLost = true;
    this.say("lost");
  }

  found() {
    if (!this.isLost) return;
    this.isLost = false;
    this.say("found");
  }

  say(what) {
    this.dispatchEvent(new Event(what));
  }
}
