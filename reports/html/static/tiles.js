/** Parts of a face that are shown enlarged, and how. */
const REGIONS = { mouth: "Mouth", eyes: "Eyes" };

/** Pixels across an enlarged crop. */
const CROP_WIDTH = 360;

/**
 * One column of a case: a video, its error map, and mouth and eyes enlarged.
 *
 * @param {object} about label, mode, given, colour, video, error ({video} or {missing} or null),
 *   crops, sound
 */
function tile(about, player) {
  const element = el("figure", { class: "tile" });
  const caption = el("figcaption", {}, el("i", { class: `dot colour-${about.colour}` }), about.label);
  if (about.mode) {
    const given = about.given.length ? `; given when rendering: ${about.given.join(", ")}` : "";
    caption.append(el("small", { title: about.mode + given }, about.mode));
  }
  const canvases = Object.keys(REGIONS)
    .filter((region) => about.crops?.[region])
    .map((region) => cropCanvas(region, about.crops[region], about.label));
  const main = screen(about.video, `${about.label}, video`, player, about.sound, (video, frame) => {
    for (const canvas of canvases) canvas.draw(video, frame);
  });
  main.element.classList.add("picture");
  element.append(caption, main.element);
  const screens = [main];
  if (about.error) {
    const error = screen(about.error, `${about.label}, error map`, player, false);
    error.element.classList.add("error-map");
    screens.push(error);
    element.append(error.element);
  } else if (about.legend) {
    element.append(about.legend);
  }
  if (about.video?.video !== undefined) {
    element.append(...canvases.map((canvas) => canvas.element));
  }
  const remove = () => {
    for (const { video } of screens) if (video) player.remove(video);
    element.remove();
  };
  return { element, remove };
}

/** A place for a video: its pictures, or the reason why there are none. */
function screen(source, label, player, sound, seen = null) {
  if (!source || source.missing) {
    const reason = source ? source.missing : "no video";
    return { element: el("div", { class: "screen absent" }, reason), video: null };
  }
  const video = el("video", { muted: true, playsInline: true, preload: "auto", title: label });
  video.setAttribute("aria-label", label);
  video.dataset.sound = sound ? "yes" : "no";
  video.disableRemotePlayback = true;
  const element = el("div", { class: "screen" }, video);
  video.addEventListener("error", () => {
    if (!video.getAttribute("src")) return;
    player.remove(video);
    element.replaceChildren("the video cannot be played: its file is damaged");
    element.classList.add("absent");
  });
  if (seen) watch(video, player.fps, seen);
  videoAddress(source.video).then((address) => {
    video.src = address;
    return player.add(video);
  });
  return { element, video };
}

/** Call a function with every picture that a video presents, and the number of its frame. */
function watch(video, fps, seen) {
  if (!video.requestVideoFrameCallback) {
    for (const name of ["seeked", "timeupdate"]) {
      video.addEventListener(name, () => seen(video, Math.floor(video.currentTime * fps)));
    }
    return;
  }
  const again = (now, { mediaTime }) => {
    seen(video, Math.round(mediaTime * fps));
    video.requestVideoFrameCallback(again);
  };
  video.requestVideoFrameCallback(again);
}

/** A canvas that shows a part of each picture, following the face. */
function cropCanvas(region, crop, label) {
  const canvas = el("canvas", {
    class: `crop ${region}`,
    width: CROP_WIDTH,
    height: Math.round((CROP_WIDTH * crop.height) / crop.width),
  });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${label}, ${region} enlarged`);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  const draw = (video, frame) => {
    const at = clamp(frame, 0, crop.x.length - 1);
    context.drawImage(
      video,
      crop.x[at] - crop.width / 2,
      crop.y[at] - crop.height / 2,
      crop.width,
      crop.height,
      0,
      0,
      canvas.width,
      canvas.height,
    );
  };
  const element = el("div", { class: `screen detail ${region}` }, canvas, el("span", { class: "badge" }, REGIONS[region]));
  return { element, draw };
}

/** What the colours of an error map mean. */
function errorLegend(scale) {
  return el(
    "div",
    { class: "screen legend" },
    el("span", {}, "Error maps: absolute difference, mean of the three channels"),
    el("div", { class: "inferno" }),
    el("div", { class: "ends" }, el("span", {}, "0"), el("span", {}, `≥ ${scale} of 255`)),
  );
}
