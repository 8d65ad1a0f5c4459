/** Points of a curve beyond this are drawn as their extremes only. */
const MOST_POINTS = 2000;

/**
 * Curves over the frames of a case, with a cursor.
 *
 * @param {object} about title, unit, decimals, frames, curves [{label, entry, colour, values, area}]
 * @param {function} pick is called with a frame that was clicked or dragged to.
 * @returns `element`, `show` to be called with the current frame, and `only` to be called with the
 *   set of entries whose curves are to be seen; a curve without an entry always is.
 */
function chart(about, pick) {
  const drawing = svg("svg", {
    viewBox: "0 0 1000 100",
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": `${about.title} by frame`,
  });
  const [low, high] = extent(about.curves.filter((curve) => !curve.area));
  const paths = about.curves.map((curve) => {
    const range = curve.area ? [0, extent([curve])[1]] : [low, high];
    return { curve, element: (curve.area ? area : line)(curve, range, about.frames) };
  });
  drawing.append(...paths.map((path) => path.element));
  const cursor = el("div", { class: "cursor" });
  const plot = el("div", { class: "plot" }, drawing, cursor);
  const ticks = el(
    "div",
    { class: "ticks" },
    el("span", {}, shown(high, about.decimals)),
    el("span", {}, shown(low, about.decimals)),
  );
  const readings = about.curves.filter((curve) => !curve.area).map((curve) => {
    const number = el("b");
    const element = el("span", { class: `reading colour-${curve.colour}`, title: curve.label }, number);
    return { curve, number, element };
  });
  const show = (frame) => {
    cursor.style.left = `${(100 * frame) / Math.max(1, about.frames - 1)}%`;
    for (const { curve, number } of readings) {
      number.textContent = shown(curve.values[frame], about.decimals);
    }
  };
  const only = (entries) => {
    for (const { curve, element } of [...paths, ...readings]) {
      element.toggleAttribute("hidden", curve.entry !== undefined && !entries.has(curve.entry));
    }
  };
  dragging(plot, about.frames, pick);
  const heading = el("figcaption", {}, el("span", { class: "name" }, about.title));
  if (about.unit) heading.append(el("span", { class: "unit" }, about.unit));
  if (about.measurer) heading.append(el("span", { class: "unit measurer" }, about.measurer));
  heading.append(el("span", { class: "readings" }, ...readings.map((reading) => reading.element)));
  return { element: el("figure", { class: "chart" }, heading, ticks, plot), show, only };
}

/** Seconds below charts, at quarters of the clip. */
function timeAxis(frames, fps) {
  const quarters = [0, 1, 2, 3, 4].map((part) => (part * (frames - 1)) / 4 / fps);
  const digits = frames > 20 * fps ? 0 : 2;
  const labels = quarters.map((time) => el("span", {}, `${time.toFixed(digits)} s`));
  return el("div", { class: "time-axis" }, ...(frames > 4 ? labels : labels.slice(0, 1)));
}

function dragging(plot, frames, pick) {
  const jump = (event) => {
    const box = plot.getBoundingClientRect();
    pick(clamp(Math.round(((event.clientX - box.left) / box.width) * (frames - 1)), 0, frames - 1));
  };
  plot.addEventListener("pointerdown", (event) => {
    plot.setPointerCapture(event.pointerId);
    jump(event);
  });
  plot.addEventListener("pointermove", (event) => {
    if (plot.hasPointerCapture(event.pointerId)) jump(event);
  });
}

/** The range of all values, never empty. */
function extent(curves) {
  let [low, high] = [Infinity, -Infinity];
  for (const { values } of curves) {
    for (const value of values) {
      if (value === null) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) return [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

function line(curve, range, frames) {
  const path = pieces(curve.values, range, frames)
    .map((piece) => `M${piece.map((point) => point.join(",")).join("L")}`)
    .join("");
  return svg("path", { d: path, class: `line colour-${curve.colour}` });
}

function area(curve, range, frames) {
  const path = pieces(curve.values, range, frames)
    .map((piece) => {
      const [first, last] = [piece[0][0], piece[piece.length - 1][0]];
      return `M${first},100L${piece.map((point) => point.join(",")).join("L")}L${last},100Z`;
    })
    .join("");
  return svg("path", { d: path, class: "area" });
}

/** Return the unbroken pieces of a curve as points; a frame without a value breaks it. */
function pieces(values, [low, high], frames) {
  const found = [];
  let piece = [];
  for (const frame of drawnFrames(values)) {
    const value = values[frame];
    if (value === null) {
      if (piece.length) found.push(piece);
      piece = [];
      continue;
    }
    const x = (1000 * frame) / Math.max(1, frames - 1);
    const y = 96 - (92 * (value - low)) / (high - low);
    piece.push([x.toFixed(1), y.toFixed(2)]);
    // A single point has no length; a short stroke makes it seen.
    const alone = piece.length === 1 && (values[frame + 1] ?? null) === null;
    if (alone) piece.push([(x + 1).toFixed(1), y.toFixed(2)]);
  }
  if (piece.length) found.push(piece);
  return found;
}

/** All frames, or of a long clip the least and the greatest of each small stretch. */
function drawnFrames(values) {
  if (values.length <= MOST_POINTS) return values.map((_, frame) => frame);
  const stretch = Math.ceil((2 * values.length) / MOST_POINTS);
  const frames = [];
  for (let start = 0; start < values.length; start += stretch) {
    let [least, most] = [start, start];
    for (let frame = start; frame < Math.min(start + stretch, values.length); frame += 1) {
      if (values[frame] === null) continue;
      if (values[least] === null || values[frame] < values[least]) least = frame;
      if (values[most] === null || values[frame] > values[most]) most = frame;
    }
    frames.push(...new Set([Math.min(least, most), Math.max(least, most)]));
  }
  return frames;
}
