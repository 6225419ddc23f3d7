// Faults of a page against WCAG 2.2, one sentence each; run in the page by `accessible.py`.
() => {
  const faults = [];
  const words = (node) => (node.textContent || node.name || node.id || "").trim().slice(0, 50);
  const say = (node, what) => faults.push(`${what}: <${node.localName}> ${words(node)}`);
  const every = (selector) => [...document.querySelectorAll(selector)];
  const is_seen = (node) => {
    const box = node.getBoundingClientRect();
    const hidden = node.closest(".visually-hidden, .skip-link, [hidden]");
    return !hidden && box.width > 1 && box.height > 1 && node.checkVisibility({ visibilityProperty: true });
  };

  // 1.4.3: colours are painted over each other, as they lie, and read back.
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const painted = (colours) => {
    pen.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
    }
    return pen.getImageData(0, 0, 1, 1).data;
  };
  const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const luminance = ([red, green, blue]) =>
    0.2126 * linear(red / 255) + 0.7152 * linear(green / 255) + 0.0722 * linear(blue / 255);
  const grounds = (node) => {
    const found = [];
    for (let at = node; at; at = at.parentElement) {
      found.unshift(getComputedStyle(at).backgroundColor);
    }
    return found;
  };
  const contrast = (node) => {
    const ground = grounds(node);
    const both = [painted(ground), painted([...ground, getComputedStyle(node).color])];
    const [light, dark] = both.map(luminance).sort((one, other) => other - one);
    return (light + 0.05) / (dark + 0.05);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const node = text.parentElement;
    const is_spared = node.closest("svg, script, style, option, [aria-disabled=true], :disabled");
    if (!text.data.trim() || is_spared || !is_seen(node)) continue;
    const style = getComputedStyle(node);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const found = contrast(node);
    if (found < least) say(node, `contrast ${found.toFixed(2)}`);
  }

  // 4.1.2 and 2.5.8: names, and 24 px; links within text are spared.
  const by_ids = (text) => text.split(" ").map((id) => document.getElementById(id)?.textContent);
  const has_name = (node) =>
    [
      node.getAttribute("aria-label"),
      ...by_ids(node.getAttribute("aria-labelledby") || ""),
      ...[...(node.labels || [])].map((label) => label.textContent),
      node.matches("input, select, textarea") ? "" : node.textContent,
      node.title,
      node.querySelector("img")?.alt,
    ].some((text) => text?.trim());
  const operated = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  for (const node of every(`${operated}, [role=region]`).filter(is_seen)) {
    if (!has_name(node)) say(node, "no name");
    const is_in_text = node.matches("a") && getComputedStyle(node).display === "inline";
    if (is_in_text || node.matches("[role=region]")) continue;
    const boxes = [node, ...(node.labels || [])].map((one) => one.getBoundingClientRect());
    if (!boxes.some((box) => box.width >= 24 && box.height >= 24)) say(node, "under 24 px");
  }

  // 1.1.1, 1.3.1, 2.4.2, 3.1.1: pictures, headings, tables, what the page is.
  const unnamed = "img:not([alt]), svg[role=img]:not([aria-label], [aria-labelledby]):not(:has(> title))";
  for (const node of every(unnamed)) say(node, "picture without words");
  let level = 0;
  for (const node of every("h1, h2, h3, h4, h5, h6")) {
    const next = Number(node.localName[1]);
    if (next > level + 1) say(node, `heading skips from ${level}`);
    level = next;
  }
  if (every("h1").length !== 1) faults.push("not one h1");
  for (const node of every("thead th:not([scope])")) say(node, "head of a column without scope");
  if (!document.documentElement.lang || !document.title || !document.querySelector("main")) {
    faults.push("no language, title or main");
  }

  // References that lead nowhere, ids that stand twice, and what scrolls without the keyboard.
  const ids = every("[id]").map((node) => node.id);
  for (const id of new Set(ids.filter((one, at) => ids.indexOf(one) !== at))) {
    faults.push(`id ${id} stands twice`);
  }
  for (const name of ["aria-labelledby", "aria-describedby", "aria-controls", "for"]) {
    for (const node of every(`[${name}]`)) {
      const missing = node.getAttribute(name).split(" ").filter((id) => id && !ids.includes(id));
      if (missing.length) say(node, `${name} leads nowhere`);
    }
  }
  for (const node of every(".scroll")) {
    if (node.scrollWidth > node.clientWidth + 1 && node.tabIndex < 0) say(node, "keyboard stays out");
  }
  return faults;
}
