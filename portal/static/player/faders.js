// Shows a fader's value while it moves. Without this the form works the same, only silently.

document.addEventListener("input", (event) => {
  const fader = event.target.closest("[data-fader]");
  if (!fader) return;
  const shown = document.querySelector(`output[for="${fader.id}"]`);
  if (shown) shown.textContent = fader.value + (shown.dataset.unit || "");
});
