/** Pixels across a thumbnail. */
const THUMBNAIL = 128;

/** Milliseconds after which a browser that does not tell what it presents is believed. */
const LONGEST_WAIT = 500;

/**
 * The worst frames of one metric at a time, as thumbnails that jump.
 *
 * @param {object} content of the case
 * @param {function} jump is called with a frame
 */
function worstFrames(content, colours, jump) {
  const metrics = content.metrics.filter((metric) =>
    content.entries.some((entry) => entry.worst[metric.name]),
  );
  if (!metrics.length) return null;
  const rows = el("div", { class: "worst-rows" });
  let turn = 0;
  const choose = async (metric) => {
    turn += 1;
    const mine = turn;
    rows.replaceChildren();
    for (const [number, entry] of content.entries.entries()) {
      const frames = entry.worst[metric.name] ?? [];
      if (!frames.length) continue;
      const shots = frames.map((frame) => thumbnail(entry, metric, frame, jump));
      const name = el("span", { class: "who" }, el("i", { class: `dot colour-${colours[number]}` }), entry.label);
      rows.append(el("div", { class: "worst-row" }, name, ...shots.map((shot) => shot.element)));
      if (entry.video?.video === undefined) continue;
      // One after another: each takes a decoder.
      await grab(entry.video.video, content.fps, shots, () => mine !== turn || !rows.isConnected);
      if (mine !== turn) return;
    }
  };
  const chooser = el("select", { onchange: () => choose(metrics[chooser.selectedIndex]) });
  chooser.append(...metrics.map((metric) => el("option", {}, metric.title)));
  const heading = el("h4", {}, "Worst frames by ", chooser, el("small", {}, "frame: value"));
  const element = el("section", { class: "worst", onmousedown: keepFocus }, heading, rows);
  return { element, start: () => choose(metrics[0]) };
}

function thumbnail(entry, metric, frame, jump) {
  const canvas = el("canvas", { width: THUMBNAIL, height: THUMBNAIL });
  const value = shown(entry.series[metric.name][frame], metric.decimals);
  const element = el(
    "button",
    { type: "button", class: "shot", title: `frame ${frame}`, onclick: () => jump(frame) },
    canvas,
    el("span", {}, `${frame}: ${value}`),
  );
  return { element, canvas, frame };
}

/** Draw frames of a video into the canvases of thumbnails. */
async function grab(number, fps, shots, stopped) {
  const video = el("video", { muted: true, preload: "auto" });
  video.src = await videoAddress(number);
  await ready(video);
  for (const { canvas, frame } of shots) {
    if (stopped() || video.error) break;
    const presented = presentation(video, frame, fps);
    await seekTo(video, (frame + 0.5) / fps);
    await presented;
    canvas.height = Math.round((canvas.width * video.videoHeight) / video.videoWidth);
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  }
  release(video);
}

/** Return when a video shows a frame: "seeked" may come while the picture is still the one before. */
function presentation(video, frame, fps) {
  return new Promise((resolve) => {
    setTimeout(resolve, LONGEST_WAIT);
    const look = (now, { mediaTime }) => {
      if (Math.round(mediaTime * fps) === frame) resolve();
      else video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback?.(look);
  });
}
