// Play one stem at a time. The keys carry the address; nothing plays before one is pressed.

const sound = new Audio();
sound.preload = "none";
let pressed = null;

function release() {
  if (!pressed) return;
  pressed.setAttribute("aria-pressed", "false");
  pressed.querySelector("use").setAttribute("href", "#i-play");
  pressed = null;
}

document.addEventListener("click", (event) => {
  const key = event.target.closest("[data-play]");
  if (!key) return;
  const again = key === pressed;
  sound.pause();
  release();
  if (again) return;
  pressed = key;
  key.setAttribute("aria-pressed", "true");
  key.querySelector("use").setAttribute("href", "#i-pause");
  sound.src = key.dataset.play;
  sound.play().catch(release);
});
sound.addEventListener("ended", release);
sound.addEventListener("error", release);
