// Passkeys (WebAuthn, level 3): a key on a page asks the browser to make one or to show one, puts
// the answer into its form and sends it. What the server asks for stands in the page, or behind
// data-options. Without this script a page says that it needs one.

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

function asked(options) {
  const found = structuredClone(options.publicKey);
  found.challenge = toBytes(found.challenge);
  if (found.user) found.user.id = toBytes(found.user.id);
  for (const list of [found.excludeCredentials, found.allowCredentials]) {
    for (const one of list ?? []) one.id = toBytes(one.id);
  }
  return found;
}

function answered(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  return {
    type: credential.type,
    id: credential.id,
    rawId: toText(credential.rawId),
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function optionsOf(form) {
  if (!form.dataset.options) return JSON.parse(document.getElementById("passkey-options").textContent);
  const answer = await fetch(form.dataset.options, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`options: ${answer.status}`);
  return (await answer.json()).request_options;
}

function withoutPassword(publicKey, form) {
  const wish = form.elements.passwordless;
  if (!wish) return;
  const chosen = publicKey.authenticatorSelection;
  chosen.residentKey = wish.checked ? "required" : "discouraged";
  chosen.requireResidentKey = wish.checked;
  if (wish.checked) chosen.userVerification = "required";
}

async function ask(form) {
  const said = form.querySelector("[data-passkey-said]");
  said.hidden = true;
  try {
    const publicKey = asked(await optionsOf(form));
    const isNew = form.dataset.passkey === "create";
    if (isNew) withoutPassword(publicKey, form);
    const made = await navigator.credentials[isNew ? "create" : "get"]({ publicKey });
    form.elements.credential.value = JSON.stringify(answered(made));
    form.submit();
  } catch (error) {
    const isHere = error.name === "InvalidStateError";
    said.textContent = isHere
      ? "This device holds a passkey for you already: use that one, or another device."
      : "Nothing was shown, or the browser was told to stop. Press the key again to try once more.";
    said.hidden = false;
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.querySelector("[data-passkey-key]").addEventListener("click", () => ask(form));
}
