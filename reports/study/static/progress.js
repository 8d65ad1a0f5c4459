const study = carried("study");
const design = study.design;
const PLACE = `tgbench-study-${study.hash}`;
let inMemory = null;

/** Return what this browser remembers of the participant; null where there is nothing. */
function remembered() {
  try {
    return JSON.parse(localStorage.getItem(PLACE)) ?? inMemory;
  } catch {
    return inMemory;
  }
}

function remember(state) {
  inMemory = state;
  try {
    localStorage.setItem(PLACE, JSON.stringify(state));
  } catch {
    // Some browsers keep nothing for files; the answers can still be saved at the end.
  }
}

function forget() {
  inMemory = null;
  try {
    localStorage.removeItem(PLACE);
  } catch {
    // Nothing was kept.
  }
}

/** Return the file of answers, sealed so that an accidental change shows. */
function answersFile(state) {
  const trials = design.sequences[state.sequence - 1];
  const lines = state.answers.map((answer) =>
    [
      answer.videos.join("+"),
      ...design.questions.map((question) => answer.values[question.name]),
      answer.milliseconds,
      answer.plays,
    ].join(" "),
  );
  const finished = state.answers.length === trials.length;
  const about = [study.hash, state.participant, state.sequence, finished ? 1 : 0];
  return {
    schema_version: 1,
    design: study.hash,
    participant: state.participant,
    sequence: state.sequence,
    consent: true,
    finished,
    answers: state.answers,
    seal: sha256([...about, ...lines].join("\n")),
  };
}

function randomCode() {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return a code as files hold it: without what cannot be seen. */
function cleaned(code) {
  return [...code.normalize("NFC").replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "").trim()]
    .slice(0, study.longest)
    .join("")
    .trim();
}
