"use strict";

/**
 * Build an element. Strings among the children become text, never markup, so that whatever a
 * result is called it stays what it is.
 */
function el(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "class") node.className = value;
    else if (key === "data") Object.assign(node.dataset, value);
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== false));
  return node;
}

/** Build an element of a drawing. */
function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

/** Format a number of a series; a dash where there is none. */
function shown(value, decimals) {
  return value === null || value === undefined ? "–" : value.toFixed(decimals);
}
