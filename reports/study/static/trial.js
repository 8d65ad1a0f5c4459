const byId = (name) => document.getElementById(name);
const paired = design.kind === "pairs";
let trial = null;

/** Show one trial; `whenDone` gets the answer. */
function showTrial(videos, number, total, whenDone) {
  leaveTrial();
  trial = { videos, whenDone, started: performance.now(), plays: 0, watched: new Set(), order: [] };
  byId("session-title").textContent = `${paired ? "Pair" : "Video"} ${number + 1} of ${total}`;
  byId("done").max = total;
  byId("done").value = number;
  const sides = videos.map((video, side) => player(video, side));
  byId("players").replaceChildren(...sides);
  byId("questions").replaceChildren(...design.questions.map(questionField));
  refresh();
  byId("session-title").focus();
}

function leaveTrial() {
  for (const video of document.querySelectorAll("video")) video.pause();
  trial = null;
}

function player(name, side) {
  const video = el("video", { preload: "auto", playsInline: true, disablePictureInPicture: true });
  const title = paired ? ["Left video", "Right video"][side] : "Video";
  video.setAttribute("aria-label", title);
  const button = el("button", { type: "button" }, "Play");
  const now = trial;
  button.addEventListener("click", () => toggle(video));
  video.addEventListener("click", () => toggle(video));
  video.addEventListener("play", () => {
    button.textContent = "Pause";
    for (const other of document.querySelectorAll("video")) if (other !== video) other.pause();
  });
  video.addEventListener("pause", () => { button.textContent = "Play"; });
  video.addEventListener("ended", () => {
    button.textContent = "Play again";
    now.watched.add(side);
    refresh();
  });
  video.addEventListener("error", () => {
    byId("status").textContent = "A video cannot be played. Please use another browser.";
  });
  videoAddress(study.videos.indexOf(name)).then((address) => { video.src = address; });
  return el("figure", { class: "player" }, video,
    el("figcaption", {}, paired ? `${title} ` : "", button));
}

function toggle(video) {
  if (!video.paused) {
    video.pause();
    return;
  }
  if (video.ended || video.currentTime === 0) trial.plays += 1;
  video.play().catch(() => { byId("status").textContent = "Press Play again."; });
}

function questionField(question) {
  const choices = paired
    ? [[0, "Left"], [1, "Right"]]
    : [1, 2, 3, 4, 5].map((value) => [value, String(value)]);
  const labels = choices.map(([value, text]) => {
    const box = el("input", { type: "radio", name: question.name, value: String(value) });
    box.addEventListener("change", () => {
      trial.order = [...trial.order.filter((name) => name !== question.name), question.name];
      refresh();
    });
    return el("label", {}, box, ` ${text}`);
  });
  const ends = paired ? labels : [el("span", { class: "soft" }, "bad"), ...labels,
    el("span", { class: "soft" }, "excellent")];
  return el("fieldset", {}, el("legend", {}, paired ? question.pair_text : question.text),
    el("div", { class: "choices" }, ...ends));
}

function chosen(question) {
  const box = byId("trial").querySelector(`input[name="${question.name}"]:checked`);
  return box === null ? null : Number(box.value);
}

function choose(question, value) {
  const boxes = [...byId("trial").querySelectorAll(`input[name="${question.name}"]`)];
  boxes.find((box) => Number(box.value) === value)?.click();
}

function openQuestion() {
  return design.questions.find((question) => chosen(question) === null);
}

function takeBack() {
  const name = trial.order.pop();
  for (const box of byId("trial").querySelectorAll("input:checked")) {
    if (box.name === name) box.checked = false;
  }
  refresh();
}

function refresh() {
  const seen = trial.watched.size === trial.videos.length;
  for (const field of byId("questions").children) field.disabled = !seen;
  byId("next").disabled = !seen || openQuestion() !== undefined;
  const open = openQuestion();
  byId("status").textContent = seen
    ? (open ? "Please answer." : "Press Next to go on.")
    : `Watch ${paired ? "both videos" : "the video"} to the end, then answer.`;
}

function finishTrial() {
  if (trial === null || byId("next").disabled) return;
  const values = Object.fromEntries(
    design.questions.map((question) => [question.name, chosen(question)]),
  );
  const milliseconds = Math.min(Math.round(performance.now() - trial.started), 2e9);
  const { videos, plays, whenDone } = trial;
  whenDone({ videos, values, milliseconds, plays });
}

function onKey(event) {
  if (trial === null || event.ctrlKey || event.altKey || event.metaKey) return;
  const within = event.target.closest("button, summary, input") ? event.target.tagName : "";
  if (event.key === " " && !within) {
    const videos = [...document.querySelectorAll("video")];
    const playing = videos.find((video) => !video.paused);
    const unseen = videos.find((video, side) => !trial.watched.has(side));
    toggle(playing ?? unseen ?? videos[0]);
  } else if (event.key === "Backspace") takeBack();
  else if (event.key === "Enter" && within !== "BUTTON" && within !== "SUMMARY") finishTrial();
  else if (!answeredByKey(event.key, within)) return;
  event.preventDefault();
}

function answeredByKey(key, within) {
  const open = openQuestion();
  if (!open || byId("questions").firstChild.disabled) return false;
  if (!paired && /^[1-5]$/.test(key)) {
    choose(open, Number(key));
    return true;
  }
  // Within a group of choices arrows move, as everywhere.
  if (paired && !within && (key === "ArrowLeft" || key === "ArrowRight")) {
    choose(open, key === "ArrowLeft" ? 0 : 1);
    return true;
  }
  return false;
}
