/** A page of a result: all that its file holds. */
const record = document.getElementById("record");
if (record) openRecord(record);

/** What an address leads to is open, in browsers that leave it folded, too. */
addEventListener("hashchange", () => {
  document.getElementById(location.hash.slice(1))?.closest("details")?.setAttribute("open", "");
});

/** A page of a protocol. */
const board = document.querySelector("table.board");
if (board) startBoard(board, document.getElementById("filters"));

function startBoard(table, controls) {
  sortable(table);
  table.tHead.addEventListener("click", () => drawApart(table));
  const inputs = [...controls.querySelectorAll("[data-filter]")];
  const initial = new Map(inputs.map((input) => [input, input.type === "checkbox" ? true : ""]));
  const update = () => {
    applyFilters(table, choices(inputs), controls.querySelector("#shown"));
    drawApart(table);
  };
  controls.addEventListener("input", update);
  controls.querySelector("#reset").addEventListener("click", () => {
    for (const [input, value] of initial) input[input.type === "checkbox" ? "checked" : "value"] = value;
    update();
  });
  controls.hidden = false;
  update();
  // A browser that leads back to this page fills in what was chosen before.
  addEventListener("pageshow", update);
}

/** Return what is chosen. */
function choices(inputs) {
  const of = (name) => inputs.filter((input) => input.dataset.filter === name);
  const one = (name) => of(name)[0]?.value ?? "";
  return {
    words: one("words").toLowerCase().split(/\s+/).filter(Boolean),
    identity: one("identity"),
    driver: one("driver"),
    mode: one("mode"),
    barred: of("given").filter((box) => !box.checked).map((box) => box.value),
    measurers: of("by").filter((input) => input.value).map((input) => [Number(input.dataset.column), input.value]),
  };
}

function applyFilters(table, chosen, output) {
  let shown = 0;
  let total = 0;
  for (const body of table.tBodies) {
    // A block without rows says why it has none.
    let any = body.rows.length === 1;
    const open = fitsBlock(body.dataset, chosen);
    for (const row of body.querySelectorAll("tr.row")) {
      row.hidden = !(open && fitsRow(row, chosen));
      any ||= !row.hidden;
      shown += !row.hidden;
      total += 1;
    }
    body.hidden = !any;
  }
  output.textContent = shown === total ? `${total} rows` : `${shown} of ${total} rows; marks are those among all ${total}`;
}

/** A mean is over all cases, whatever single case is asked for; a paper does not say the rest. */
function fitsBlock({ identity, driver, published }, chosen) {
  if (published !== undefined && (chosen.mode || chosen.barred.length || chosen.measurers.length)) return false;
  return (!chosen.identity || identity === chosen.identity) && (!chosen.driver || driver === chosen.driver);
}

function fitsRow(row, chosen) {
  const name = row.cells[0].querySelector("bdi").textContent.toLowerCase();
  const modes = (row.dataset.modes ?? "").split(" ");
  const given = (row.dataset.given ?? "").split(" ");
  return (
    chosen.words.every((word) => name.includes(word)) &&
    (!chosen.mode || modes.every((mode) => mode === chosen.mode)) &&
    !chosen.barred.some((condition) => given.includes(condition)) &&
    chosen.measurers.every(([column, measurer]) => row.cells[column].dataset.by === measurer)
  );
}

/** Draw a line between rows that do not compare in the column by which they are sorted. */
function drawApart(table) {
  const column = [...table.tHead.rows[0].cells].findIndex((head) => ["ascending", "descending"].includes(head.ariaSort));
  for (const body of table.tBodies) {
    let before = null;
    for (const row of body.querySelectorAll("tr.row:not([hidden])")) {
      const cell = column < 0 ? null : row.cells[column];
      const group = cell === null || cell.dataset.value === undefined ? null : (cell.dataset.group ?? "0");
      row.classList.toggle("apart", before !== null && group !== null && group !== before);
      before = group;
    }
  }
}
