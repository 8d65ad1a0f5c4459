const served = location.protocol.startsWith("http");
let state = remembered();

function show(name) {
  for (const section of ["welcome", "session", "end"]) byId(section).hidden = section !== name;
  window.scrollTo(0, 0);
}

function usable(kept) {
  const trials = design.sequences[kept?.sequence - 1];
  return Array.isArray(kept?.answers) && trials !== undefined
    && kept.answers.every((answer, i) => answer?.videos?.join() === trials[i]?.videos.join());
}

function welcome() {
  leaveTrial();
  show("welcome");
  byId("code").maxLength = study.longest;
  byId("code").value = randomCode();
  byId("number-line").hidden = served;
  byId("number").required = !served;
  const given = /^#(\d{1,6})$/.exec(location.hash);
  byId("number").value = given ? given[1] : "";
}

async function start(event) {
  event.preventDefault();
  const participant = cleaned(byId("code").value);
  const problem = byId("welcome-problem");
  problem.hidden = true;
  try {
    if (!participant) throw new Error("Please give a code.");
    const sequence = served ? await nextSequence() : Number(byId("number").value);
    if (!design.sequences[sequence - 1]) throw new Error("There is no sequence of this number.");
    state = { participant, sequence, answers: [] };
    remember(state);
    goOn();
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }
}

async function nextSequence() {
  const answer = await fetch("next").catch(() => null);
  if (!answer?.ok) throw new Error("The server does not answer. Please tell the organiser.");
  return (await answer.json()).sequence;
}

function goOn() {
  const trials = design.sequences[state.sequence - 1];
  const number = state.answers.length;
  if (number === trials.length) {
    handIn();
    return;
  }
  show("session");
  showTrial(trials[number].videos, number, trials.length, (answer) => {
    state = { ...state, answers: [...state.answers, answer] };
    remember(state);
    goOn();
  });
}

async function handIn() {
  leaveTrial();
  if (!state.answers.length) {
    withdraw();
    return;
  }
  show("end");
  const file = answersFile(state);
  byId("end-code").textContent = state.participant;
  byId("resume").hidden = file.finished;
  byId("end-title").focus();
  if (!served) {
    byId("end-text").textContent = "Save your answers, and send the file to the organiser.";
    return;
  }
  byId("end-text").textContent = "Sending your answers.";
  byId("end-text").textContent = await sent(file);
}

async function sent(file) {
  const answer = await fetch("answers", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(file),
  }).catch(() => null);
  if (answer?.ok) return "Your answers have arrived. You can close this page.";
  const why = answer ? await answer.text() : "the server does not answer";
  return `Your answers did not arrive (${why}). Save them, and send the file to the organiser.`;
}

function save() {
  const text = JSON.stringify(answersFile(state), null, 1);
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const name = `answers-${sha256(state.participant).slice(0, 12)}.json`;
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

function withdraw() {
  forget();
  state = null;
  welcome();
}

byId("consent").addEventListener("submit", start);
byId("trial").addEventListener("submit", (event) => { event.preventDefault(); finishTrial(); });
byId("stop").addEventListener("click", handIn);
byId("withdraw").addEventListener("click", withdraw);
byId("forget").addEventListener("click", withdraw);
byId("resume").addEventListener("click", goOn);
byId("save").addEventListener("click", save);
document.addEventListener("keydown", onKey);
if (usable(state)) goOn();
else welcome();
