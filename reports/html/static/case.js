/** Colours of curves; more methods than these use them again, in dashes. */
const COLOURS = 8;

/** Methods that are shown at first; more make a wall of pictures. */
const SHOWN_AT_FIRST = 5;

/** The class of an entry's colour, without the prefix that all of them have. */
function colourOf(number) {
  return `${1 + (number % COLOURS)}${number >= COLOURS ? " dashed" : ""}`;
}

/** Fill the element of a case with its players, curves and thumbnails. */
function openCase(holder) {
  const content = carried(`data-case-${holder.dataset.case}`);
  const player = new Player(content.fps, content.frames);
  const colours = content.entries.map((_, number) => colourOf(number));
  const screens = el("div", { class: "tiles" });
  const curves = caseCharts(content, colours, (frame) => player.seek(frame));
  const worst = worstFrames(content, colours, (frame) => {
    player.pause().then(() => player.seek(frame));
    screens.scrollIntoView({ block: "nearest" });
  });
  const chooser = methodChooser(content, colours, screens, player, (chosen) => {
    for (const curve of curves) curve.only(chosen);
  });
  const axis = curves.length > 0 && timeAxis(content.frames, content.fps);
  const charts = el("div", { class: "charts" }, ...curves.map((curve) => curve.element), axis);
  const bench = el("div", { class: "bench" }, screens, charts, worst && worst.element);
  const body = el(
    "div",
    { class: "case-body" },
    problems(content),
    transport(player, content, bench),
    chooser,
    bench,
    provenanceLinks(content),
  );
  holder.append(body);
  player.listen((frame) => {
    for (const curve of curves) curve.show(frame);
  });
  for (const curve of curves) curve.show(0);
  if (worst) worst.start();
  return {
    player,
    close() {
      player.close();
      body.remove();
    },
  };
}

function problems(content) {
  const found = content.entries.flatMap((entry) =>
    entry.problems.map((problem) => el("li", {}, `${entry.label}: ${problem}`)),
  );
  if (content.note) found.unshift(el("li", {}, content.note));
  return found.length ? el("ul", { class: "problem" }, ...found) : null;
}

/** Boxes that choose which methods are shown, and the tiles of those that are; `choose` hears. */
function methodChooser(content, colours, screens, player, choose) {
  if (content.truth) {
    const truth = {
      label: "Ground truth",
      colour: 0,
      video: content.truth,
      legend: hasErrors(content) ? errorLegend(content.errorScale) : null,
      crops: content.entries.map((entry) => entry.crops).find((crops) => crops.mouth || crops.eyes),
      sound: true,
    };
    screens.append(tile(truth, player).element);
  }
  const tiles = new Map();
  const show = (number) => {
    const entry = content.entries[number];
    const made = tile({ ...entry, colour: colours[number], sound: true }, player);
    tiles.set(number, made);
    const after = [...tiles.keys()].filter((other) => other > number).sort((a, b) => a - b)[0];
    screens.insertBefore(made.element, after === undefined ? null : tiles.get(after).element);
  };
  const boxes = content.entries.map((entry, number) => {
    const box = el("input", { type: "checkbox", checked: number < SHOWN_AT_FIRST });
    box.addEventListener("change", () => {
      if (box.checked) show(number);
      else {
        tiles.get(number).remove();
        tiles.delete(number);
      }
      choose(new Set(tiles.keys()));
    });
    if (box.checked) show(number);
    return el("label", {}, box, el("i", { class: `dot colour-${colours[number]}` }), entry.label);
  });
  choose(new Set(tiles.keys()));
  return el("div", { class: "chooser" }, ...boxes);
}

function hasErrors(content) {
  return content.entries.some((entry) => entry.error?.video !== undefined);
}

function hasCrops(content) {
  return content.entries.some((entry) => Object.keys(entry.crops).length);
}

/** A curve for each metric, and one of the lips beside the sound. */
function caseCharts(content, colours, pick) {
  const curvesOf = (name) =>
    content.entries
      .map((entry, number) => ({
        label: entry.label,
        entry: number,
        colour: colours[number],
        values: entry.series[name],
      }))
      .filter((curve) => curve.values);
  const charts = content.panels.map((panel) => {
    const arrow = { higher: " ↑", lower: " ↓", none: "" }[panel.direction];
    const curves = curvesOf(panel.name).filter((curve) => panel.entries.includes(curve.entry));
    return chart({ ...panel, title: panel.title + arrow, frames: content.frames, curves }, pick);
  });
  const lips = curvesOf("mouth_opening");
  if (content.truthOpening.length) {
    lips.unshift({ label: "Ground truth", colour: 0, values: content.truthOpening });
  }
  if (lips.length) {
    const speech = { label: "speech", area: true, values: content.speech };
    const title = content.speech.length ? "Mouth opening, over the level of the speech" : "Mouth opening";
    const curves = content.speech.length ? [speech, ...lips] : lips;
    charts.unshift(chart({ title, unit: "", decimals: 3, frames: content.frames, curves }, pick));
  }
  return charts;
}

/** The controls of all videos of a case. */
function transport(player, content, bench) {
  const play = el("button", { type: "button", class: "play", onclick: () => player.toggle() });
  const scrub = el("input", { type: "range", min: 0, max: player.frames - 1, step: 1, value: 0, class: "scrub" });
  scrub.setAttribute("aria-label", "frame");
  scrub.addEventListener("input", () => player.seek(Number(scrub.value)));
  const place = el("output", { class: "place" });
  const rate = el("select", { title: "speed" });
  rate.addEventListener("change", () => {
    player.setRate(Number(rate.value));
    rate.blur();
  });
  for (const speed of [0.1, 0.25, 0.5, 1, 1.5, 2]) {
    rate.append(el("option", { value: speed, selected: speed === 1 }, `${speed}×`));
  }
  const update = (frame, playing) => {
    play.textContent = playing ? "❚❚" : "▶";
    play.setAttribute("aria-label", playing ? "pause" : "play");
    scrub.value = frame;
    place.textContent = `frame ${frame} of ${player.frames} · ${(frame / player.fps).toFixed(2)} s`;
  };
  player.listen(update);
  update(0, false);
  const sound = checkbox("sound", true, (on) => player.setMuted(!on));
  player.listen(() => {
    sound.box.checked = !player.muted;
  });
  return el(
    "div",
    { class: "transport", onmousedown: keepFocus },
    button("|◀", "one frame back", () => player.step(-1)),
    play,
    button("▶|", "one frame on", () => player.step(1)),
    scrub,
    place,
    rate,
    checkbox("loop", true, (on) => { player.loop = on; }).element,
    sound.element,
    hasErrors(content) && checkbox("errors", true, (on) => bench.classList.toggle("no-errors", !on)).element,
    hasCrops(content) && checkbox("close-ups", true, (on) => bench.classList.toggle("no-details", !on)).element,
    checkbox("large", false, (on) => bench.classList.toggle("large", on)).element,
  );
}

/** A button that was clicked would take the next space bar for itself. */
function keepFocus(event) {
  if (event.target.closest("button, label")) event.preventDefault();
}

function button(sign, label, act) {
  const made = el("button", { type: "button", title: label, onclick: act }, sign);
  made.setAttribute("aria-label", label);
  return made;
}

function checkbox(label, checked, act) {
  const box = el("input", { type: "checkbox", checked });
  box.addEventListener("change", () => act(box.checked));
  return { element: el("label", {}, box, label), box };
}

function provenanceLinks(content) {
  const links = content.entries.map((entry) => el("a", { href: `#result-${entry.result}` }, entry.label));
  return el("p", { class: "provenance" }, "Where the numbers come from: ", ...links);
}
