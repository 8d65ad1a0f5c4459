/** Make the columns of a summary table sort its rows, block by block. */
function sortable(table) {
  const original = new Map([...table.tBodies].map((body) => [body, [...body.querySelectorAll("tr.row")]]));
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  heads.forEach((head, column) => {
    const button = el("button", { type: "button" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const best = head.dataset.better === "higher" ? "descending" : "ascending";
      const other = best === "ascending" ? "descending" : "ascending";
      const next = { none: best, [best]: other, [other]: "none" }[head.ariaSort ?? "none"];
      for (const each of heads) each.ariaSort = "none";
      head.ariaSort = next;
      for (const [body, rows] of original) body.append(...(next === "none" ? rows : sorted(rows, column, next)));
    });
  });
}

/**
 * Return rows by a column; those without a number stay behind all others. Numbers of unlike kinds
 * have different groups, which stay together: to sort one among the other would be to rank them.
 */
function sorted(rows, column, order) {
  const sign = order === "ascending" ? 1 : -1;
  const keyed = rows.map((row) => {
    const cell = row.cells[column];
    return { row, key: sortKey(cell), group: Number(cell.dataset.group ?? 0) };
  });
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) return (a.key === null) - (b.key === null);
    if (a.group !== b.group) return a.group - b.group;
    return sign * (typeof a.key === "string" ? a.key.localeCompare(b.key) : a.key - b.key);
  });
  return keyed.map(({ row }) => row);
}

function sortKey(cell) {
  if (cell.tagName === "TH" || cell.className === "text") return cell.textContent;
  return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
}

/** Show only blocks, cases and results whose text has every word of a filter. */
function filterPage(words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (text) => wanted.every((word) => text.toLowerCase().includes(word));
  for (const body of document.querySelectorAll("table.summary tbody")) {
    const title = body.querySelector("tr.block").textContent;
    let any = false;
    for (const row of body.querySelectorAll("tr.row")) {
      const sides = [...row.querySelectorAll("th")].map((side) => side.textContent);
      row.hidden = !matches([title, ...sides].join(" "));
      any ||= !row.hidden;
    }
    body.hidden = !any;
  }
  for (const entry of document.querySelectorAll("details.case, details.result")) {
    entry.hidden = !matches(entry.querySelector("summary").textContent);
  }
}
