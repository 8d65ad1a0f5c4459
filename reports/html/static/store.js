/**
 * Return the data that the page carries under a name. Its objects have no prototype: a metric
 * called "constructor" is there only where a result has it.
 */
function carried(name) {
  const bare = (key, value) => (isPlain(value) ? Object.setPrototypeOf(value, null) : value);
  return JSON.parse(document.getElementById(name).textContent, bare);
}

function isPlain(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const addresses = new Map();

/** Return the address of a video of the page, decoded when it is first asked for. */
async function videoAddress(number) {
  await wholePage();
  if (!addresses.has(number)) {
    const holder = document.getElementById(`video-${number}`);
    const blob = new Blob([decoded(holder.textContent)], { type: "video/mp4" });
    addresses.set(number, URL.createObjectURL(blob));
    // The blob has it now; the page need not hold it twice.
    holder.textContent = "";
  }
  return addresses.get(number);
}

/** Videos stand at the end of the page, which may still be loading. */
function wholePage() {
  if (document.readyState !== "loading") return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("DOMContentLoaded", resolve, { once: true });
  });
}

function decoded(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
