// Stems go up in parts: choose or drop files, see each one move, go on after a reload or a lost line.
// Without this module the same form sends whole files. It knows the five addresses of an upload.

const form = document.querySelector("#upload");
const list = document.querySelector("#stem-list");
const said = document.querySelector("#upload-said");
const AUDIO = /\.(wav|wave|aif|aiff|aifc|flac|mp3|ogg|oga|opus|m4a|mp4|rf64|w64)$/i;
const AT_ONCE = 2;
const LONGEST_WAIT_MS = 30_000;
const LOGGED_OUT = "You are logged out by now. Log in, then choose it again: what came is kept.";
const queue = [];
let running = 0;

class Refused extends Error {}

const token = () => form.querySelector("[name=csrfmiddlewaretoken]").value;

function say(text) {
  const line = document.createElement("p");
  line.className = "message message-stop";
  line.textContent = text;
  said.append(line);
}

async function ask(url, options = {}) {
  const headers = { "X-CSRFToken": token(), ...options.headers };
  const answer = await fetch(url, { credentials: "same-origin", ...options, headers });
  if (answer.status >= 500 || answer.status === 429) throw new TypeError(`status ${answer.status}`);
  if (answer.redirected) throw new Refused(LOGGED_OUT);
  const body = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
  if (!answer.ok) throw new Refused(body.title ?? "This upload is not here any more.");
  return body;
}

// A lost line is waited out: at once when the browser says it is back, else later and later.
function pause(tries) {
  const wait = Math.min(LONGEST_WAIT_MS, 500 * 2 ** tries);
  return new Promise((go) => {
    const timer = setTimeout(go, wait);
    window.addEventListener("online", () => (clearTimeout(timer), go()), { once: true });
  });
}

async function insist(deed) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await deed();
    } catch (error) {
      if (error instanceof Refused) throw error;
      await pause(tries);
    }
  }
}

async function sha256(blob) {
  if (!crypto.subtle) return "";
  const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function showRow(state) {
  const html = await (await fetch(state.row_url, { credentials: "same-origin" })).text();
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const row = holder.content.querySelector("li");
  if (!row) return null;
  const old = document.getElementById(row.id);
  if (old) old.replaceWith(row);
  else list.append(row);
  window.htmx?.process(row);
  return row;
}

function showProgress(state, sent) {
  const row = document.getElementById(`stem-${state.stem}`);
  const percent = Math.floor((sent * 100) / state.size);
  const bar = row?.querySelector("progress");
  const label = row?.querySelector(".state label");
  if (bar) bar.value = percent;
  if (label) label.textContent = `${percent} %`;
}

async function sendPart(state, file, index) {
  const blob = file.slice(index * state.part_bytes, (index + 1) * state.part_bytes);
  const digest = await sha256(blob);
  const headers = { "Content-Type": "application/octet-stream" };
  if (digest) headers["X-Part-SHA256"] = digest;
  await insist(() => ask(`${state.part_url}${index}/`, { method: "PUT", body: blob, headers }));
  return blob.size;
}

async function begin(file) {
  const open = [...list.querySelectorAll("[data-upload]")].find(
    (row) => row.dataset.name === file.name && Number(row.dataset.size) === file.size,
  );
  if (open) return insist(() => ask(open.dataset.stateUrl));
  const body = JSON.stringify({ name: file.name, size: file.size });
  const headers = { "Content-Type": "application/json" };
  return insist(() => ask(form.dataset.beginUrl, { method: "POST", body, headers }));
}

async function send(file) {
  let state;
  try {
    state = await begin(file);
    await showRow(state);
    let sent = state.received;
    for (const index of state.missing) {
      sent += await sendPart(state, file, index);
      showProgress(state, sent);
    }
    await insist(() => ask(state.complete_url, { method: "POST" }));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (!state || error.message === LOGGED_OUT) say(`${file.name}: ${error.message}`);
  }
  if (state) await insist(() => showRow(state));
}

function work() {
  while (running < AT_ONCE && queue.length) {
    running += 1;
    send(queue.shift())
      .catch((error) => say(`It stopped here: ${error.message}. Choose the file again to go on.`))
      .finally(() => {
        running -= 1;
        work();
      });
  }
}

function add(files) {
  said.replaceChildren();
  const stems = files.filter((file) => AUDIO.test(file.name) && !file.name.startsWith("."));
  const odd = files.length - stems.length;
  if (odd && !stems.length) say("There is no sound file among these. Choose WAV, AIFF, FLAC, MP3, Ogg or M4A.");
  stems.sort((a, b) => a.name.localeCompare(b.name));
  queue.push(...stems);
  work();
}

async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((found, lost) => entry.file(found, lost))];
  const reader = entry.createReader();
  const inside = [];
  for (;;) {
    const batch = await new Promise((found, lost) => reader.readEntries(found, lost));
    if (!batch.length) break;
    inside.push(...batch);
  }
  return (await Promise.all(inside.map(filesOf))).flat();
}

if (form && list) {
  for (const input of form.querySelectorAll("input[type=file]")) {
    const take = () => {
      add([...input.files]);
      input.value = "";
    };
    input.addEventListener("change", take);
    if (input.files.length) take(); // chosen before this module was here
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.querySelector("[data-send]")?.remove();
  form.querySelector("[data-folder]")?.removeAttribute("hidden");
  form.addEventListener("dragover", (event) => event.preventDefault());
  form.addEventListener("drop", async (event) => {
    event.preventDefault();
    const items = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
    const files = items.every(Boolean)
      ? (await Promise.all(items.map(filesOf))).flat()
      : [...event.dataTransfer.files];
    add(files);
  });
  window.addEventListener("beforeunload", (event) => {
    if (running || queue.length) event.preventDefault();
  });
}
