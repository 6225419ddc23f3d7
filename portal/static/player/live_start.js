// The form that asks for a live session: one press asks, brings the player's place, and plays.
//
// It knows the form and the addresses it is answered with. It refuses to know sound; it only makes
// the audio context, because browsers want that in the press of a key. Without it the form is inert.

import { RATE } from "player/schedule.js";

const QUANTITIES = ["energy", "density", "brightness", "valence"];
const FAULT = "That did not reach us. Check your connection, then press again.";

/** The JSON that asks for what stands in the form; by taste the faders are left out. */
export function asked(fields) {
  const wishes = {};
  const by = fields.get("by") || "hand";
  if (by === "hand") for (const name of QUANTITIES) wishes[name] = Number(fields.get(name)) / 100;
  if (fields.get("tempo")) wishes.tempo_bpm = Number(fields.get("tempo"));
  if (fields.get("key_wanted")) wishes.key = fields.get("key_wanted");
  const sung = fields.get("vocals") === "sung";
  if (fields.get("vocals") && !(sung && by === "taste")) wishes.vocals = sung;
  const artist = fields.get("artist") || null;
  return { key: fields.get("key"), mode: fields.get("mode"), artist, by, wishes };
}

/** Calls `begin` with the audio context when the player's place has come in the form's stead. */
export function onStart(begin) {
  let shown = window.location.pathname;
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-live-start]");
    if (!form) return;
    event.preventDefault();
    start(form, (context, page) => {
      shown = page;
      begin(context);
    });
  });
  window.addEventListener("popstate", () => {
    if (window.location.pathname !== shown) window.location.reload();
  });
}

async function start(form, begun) {
  const key = form.querySelector("[type=submit]");
  if (key.disabled) return;
  key.disabled = true;
  const context = new AudioContext({ sampleRate: RATE });
  try {
    const addresses = await ask(form);
    const place = await fetched(addresses.page);
    window.history.pushState({}, "", addresses.page);
    document.getElementById("place").replaceWith(place);
    document.title = `${addresses.title} · Stemma`;
    place.querySelector("[data-play]").focus();
    begun(context, addresses.page);
  } catch (fault) {
    context.close();
    key.disabled = false;
    form.querySelector("[data-refused]").textContent = fault.sentence || FAULT;
  }
}

async function ask(form) {
  const fields = new FormData(form);
  const response = await fetch(form.dataset.liveStart, {
    method: "POST",
    credentials: "same-origin",
    headers: { "X-CSRFToken": fields.get("csrfmiddlewaretoken"), "Content-Type": "application/json" },
    body: JSON.stringify(asked(fields)),
  });
  const answer = response.status === 422 || response.ok ? await response.json() : {};
  if (!response.ok) throw Object.assign(new Error(String(response.status)), answer);
  return answer;
}

async function fetched(address) {
  const response = await fetch(address, { headers: { "HX-Request": "true" } });
  if (!response.ok) throw new Error(String(response.status));
  const holder = document.createElement("template");
  holder.innerHTML = await response.text();
  return holder.content.querySelector("#place");
}
