// The play list of one variation: which segments exist, and leave to fetch them.
//
// It knows addresses and JSON. It refuses to know sound and pages. Invariant: segments come in order
// and only ever grow; their addresses are renewed before they end.

const RENEW_BEFORE_MS = 120000;
const WAIT_AFTER_FAULT_MS = 2000;

function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}

export class Playlist {
  /** `openAt`: address that opens the play list by POST; `csrf`: the form token it wants. */
  constructor(openAt, csrf) {
    this.openAt = openAt;
    this.csrf = csrf;
    this.segments = [];
    this.token = "";
    this.more = "";
    this.goodUntil = 0;
    this.length = 0;
    this.audible = 0;
    this.complete = false;
    this.closed = "";
    this.listeners = new Set();
    this.isFollowing = false;
  }

  /** Opens the list and goes on following it until it is complete. Resolves after the first answer. */
  async open() {
    this.closed = "";
    const answer = await this.ask(this.openAt, { method: "POST" });
    this.take(answer, 0);
    if (!this.complete && !this.isFollowing) this.follow();
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

  take(answer, from) {
    this.token = answer.token;
    this.more = answer.more;
    this.length = answer.length;
    this.audible = answer.audible;
    this.complete = answer.complete;
    this.goodUntil = Date.now() + answer.good_for_s * 1000;
    this.segments.splice(from, this.segments.length, ...answer.segments);
    for (const listener of this.listeners) listener(this);
  }

  /** Asks for what came after the last segment; the server answers when something did. */
  async follow() {
    this.isFollowing = true;
    while (!this.complete && !this.closed) {
      try {
        const have = this.segments.length;
        this.merge(await this.ask(`${this.more}&after=${have}`), have);
      } catch (fault) {
        if (/^4/.test(fault.message)) this.end("withdrawn");
        else await pause(WAIT_AFTER_FAULT_MS);
      }
    }
    this.isFollowing = false;
  }

  merge(answer, have) {
    const goodUntil = this.goodUntil;
    this.take(answer, have);
    if (have > 0) this.goodUntil = goodUntil;
  }

  /** Gives every segment a fresh address when the present ones are about to end. */
  async renew() {
    if (Date.now() < this.goodUntil - RENEW_BEFORE_MS) return;
    this.take(await this.ask(`${this.more}&after=0`), 0);
  }

  end(reason) {
    this.closed = reason;
    for (const listener of this.listeners) listener(this);
  }

  /** Calls `listener` with the list whenever it changed. */
  onChange(listener) {
    this.listeners.add(listener);
  }
}
