const open = new Map();

/** Players exist for open cases only: a browser has few decoders, and a page may have many cases. */
for (const holder of document.querySelectorAll("details.case")) {
  holder.addEventListener("toggle", () => {
    if (holder.open && !open.has(holder)) {
      open.set(holder, openCase(holder));
    } else if (!holder.open && open.has(holder)) {
      open.get(holder).close();
      open.delete(holder);
    }
  });
}

for (const holder of document.querySelectorAll("details.result")) {
  holder.addEventListener("toggle", () => {
    if (holder.open && !holder.querySelector(".record-body")) openRecord(holder);
  });
}

for (const table of document.querySelectorAll("table.summary")) sortable(table);

const filter = document.getElementById("filter");
filter.addEventListener("input", () => filterPage(filter.value));

/** Open what an address inside the page points to. */
function follow() {
  // All names on the page are plain: nothing has to be decoded.
  const target = document.getElementById(location.hash.slice(1));
  const folded = target?.closest("details");
  if (folded) {
    folded.open = true;
    target.scrollIntoView();
  }
}
window.addEventListener("hashchange", follow);

const KEYS = {
  " ": (player) => player.toggle(),
  ArrowLeft: (player, event) => player.step(event.shiftKey ? -10 : -1),
  ArrowRight: (player, event) => player.step(event.shiftKey ? 10 : 1),
  Home: (player) => player.seek(0),
  End: (player) => player.seek(player.frames - 1),
};

document.addEventListener("keydown", (event) => {
  const player = [...open.values()][0]?.player;
  const act = KEYS[event.key];
  if (!player || !act || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=range]):not([type=checkbox]), select, textarea")) return;
  // A button answers to the space bar itself.
  if (event.key === " " && event.target.closest("button, summary, a, input[type=checkbox]")) return;
  event.preventDefault();
  act(player, event);
});

follow();
if (!location.hash) {
  const kinds = [".watchable.with-truth", ".watchable", ".with-truth", ""];
  const first = kinds.map((kind) => document.querySelector(`details.case${kind}`)).find(Boolean);
  if (first) first.open = true;
}
