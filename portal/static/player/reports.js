// Tells the house what was heard: ranges of the variation, under the playback token.
//
// It knows samples that sounded and an address. It refuses to know what a play is worth. Invariant: a
// range is told once under an id of its own, so that telling it again after a fault changes nothing.

import { milliseconds } from "player/schedule.js";

const EVERY_SAMPLES = 48000 * 10;

export class Reports {
  constructor(address, csrf, playlist) {
    this.address = address;
    this.csrf = csrf;
    this.playlist = playlist;
    this.from = null;
    this.until = 0;
    this.waiting = [];
    this.sending = false;
  }

  /** Notes that `sample` sounds now; a new stretch begins when it lies elsewhere. */
  heard(sample) {
    if (this.from === null) this.from = sample;
    this.until = sample;
    if (this.until - this.from >= EVERY_SAMPLES) this.close(sample);
  }

  /** Ends the present stretch and sends what is to be sent; sound may go on from `next`. */
  close(next = null) {
    if (this.from !== null && this.until - this.from >= 48) {
      this.waiting.push({
        client_id: crypto.randomUUID(),
        from_ms: milliseconds(this.from),
        until_ms: milliseconds(this.until),
      });
    }
    this.from = next;
    this.send();
  }

  async send() {
    if (this.sending) return;
    this.sending = true;
    try {
      while (this.waiting.length) {
        await this.post(this.waiting[0]);
        this.waiting.shift();
      }
    } catch {
      // Kept; the next stretch sends it again under the same id.
    } finally {
      this.sending = false;
    }
  }

  async post(range) {
    const response = await fetch(this.address, {
      method: "POST",
      credentials: "same-origin",
      keepalive: true,
      headers: { "X-CSRFToken": this.csrf },
      body: new URLSearchParams({ token: this.playlist.token, ...range }),
    });
    if (response.status >= 500) throw new Error(String(response.status));
  }
}
