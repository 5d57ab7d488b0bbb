// Which key means what, and when a key press is not meant for the card.

const KEYS = {
  k: "keep",
  Enter: "keep",
  a: "accept",
  e: "edit",
  "/": "find",
  x: "exclude",
  s: "skip",
  u: "undo",
  Backspace: "undo",
  m: "comment",
  "?": "help",
};

function newId() {
  // randomUUID needs https or localhost; a team on a plain-http intranet has neither.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function takesText(target) {
  if (target.isContentEditable) return true;
  const plain = ["button", "checkbox", "radio", "range", "submit", "reset", "color", "file"];
  if (target.localName === "input") return !plain.includes(target.type);
  return !!target.matches?.("textarea, select, [role=textbox], [role=combobox]");
}

const isControl = (target) => !!target.matches?.("button, a, summary, input, [role=button]");
const inDialog = (path) => path.some((node) => node.matches?.("dialog, [role=dialog]"));

// 1 to 9, also on keyboards whose digits need Shift (by position) and on the number pad.
function digitOf({ key, code, shiftKey }) {
  if (/^[1-9]$/.test(key)) return Number(key);
  const byPlace = /^Digit([1-9])$/.exec(code);
  return byPlace && !shiftKey && !KEYS[key] ? Number(byPlace[1]) : null;
}
