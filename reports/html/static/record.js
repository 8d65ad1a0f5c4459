/** What the fields of a result mean, by their dotted names. */
let meanings = null;

/** Fill the element of a result with all that is known of it. */
function openRecord(holder) {
  meanings ??= carried("fields");
  const content = carried(`data-result-${holder.dataset.result}`);
  const { metrics, ...rest } = content.record;
  const sections = Object.entries(rest).filter(([, value]) => isPlain(value));
  const single = Object.entries(rest).filter(([, value]) => !isPlain(value));
  const body = el("div", { class: "record-body" });
  if (content.superseded) {
    body.append(el("p", { class: "problem" }, "A later result of the same experiment is shown instead of this one."));
  }
  body.append(
    part("Metrics", metricsTable(content.metrics, metrics, content.origins), true),
    part("Result", fieldList("", [["folder", content.folder], ...single]), true),
  );
  for (const [name, value] of sections) {
    body.append(part(name[0].toUpperCase() + name.slice(1).replaceAll("_", " "), fieldList(`${name}.`, Object.entries(value)), false));
  }
  body.append(part("JSON", el("pre", {}, JSON.stringify(content.record, null, 2)), false));
  holder.append(body);
}

function part(title, content, open) {
  return el("details", { class: "part", open }, el("summary", {}, title), content);
}

/** @param {object} origins by metric, the earlier measurement that it is from */
function metricsTable(names, metrics, origins) {
  const head = ["", "value", "interval", "unit", "scored", "measured by, or reason"].map((title) => el("th", {}, title));
  const rows = names.map((name) => {
    const metric = metrics[name];
    const about = metric.status === "measured" ? metric.measured_by : `${metric.status}: ${metric.reason}`;
    const cell = el("td", { class: "about" }, about);
    if (origins[name]) cell.append(el("small", {}, `from an earlier measurement: ${origins[name]}`));
    const details = Object.entries(metric.details);
    if (details.length) cell.append(fieldList("", details));
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, name),
      el("td", { class: "number" }, metric.value === null ? "–" : String(metric.value)),
      el("td", { class: "number" }, intervalOf(metric)),
      el("td", {}, metric.unit),
      el("td", { class: "number" }, `${metric.scored} of ${metric.total}`),
      cell,
    );
  });
  return el(
    "div",
    { class: "scroll" },
    el("table", { class: "metrics" }, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows)),
  );
}

/** Where the mean may lie, of results that say so. */
function intervalOf({ interval }) {
  if (!interval) return "";
  const bounds = `${Number(interval.low.toPrecision(5))} to ${Number(interval.high.toPrecision(5))}`;
  return el("span", { title: interval.method }, `${bounds} (${100 * interval.level} %)`);
}

/** Names and values, each with what the name means. */
function fieldList(prefix, entries) {
  const list = el("dl");
  for (const [name, value] of entries) {
    const meaning = meanings[prefix + name];
    list.append(el("dt", {}, name), el("dd", {}, valueOf(prefix + name, value)));
    if (meaning) list.lastChild.append(el("small", {}, meaning));
  }
  return list;
}

function valueOf(path, value) {
  if (value === null) return "–";
  if (value === "") return el("span", { class: "muted" }, "(empty)");
  if (isPlain(value)) {
    const entries = Object.entries(value);
    return entries.length ? fieldList(`${path}.`, entries) : el("span", { class: "muted" }, "(none)");
  }
  if (Array.isArray(value)) {
    if (!value.length) return el("span", { class: "muted" }, "(none)");
    if (value.some((item) => typeof item === "object" && item !== null)) {
      return el("ol", {}, ...value.map((item) => el("li", {}, valueOf(path, item))));
    }
    return value.map(String).join(", ");
  }
  return String(value);
}
