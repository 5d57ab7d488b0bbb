// Operations that the server has not confirmed yet, oldest first.
//
// Each lives in a localStorage item of its own, so that two tabs never overwrite each other, and a
// reload, a crash of the tab or a dead server loses nothing. All of them are sent together as one
// state value; one message is in flight at a time, because every message restarts the page's script
// and a faster stream would keep it from ever finishing. The server ignores an `op_id` it knows.

const RESEND_FIRST_MS = 3000;
const RESEND_MAX_MS = 60000;
const LATE_MS = 5000;
const TICK_MS = 500;

class Shelf {
  constructor(prefix) {
    this.prefix = prefix;
    this.full = false;
  }

  put(id, value) {
    try {
      localStorage.setItem(this.prefix + id, JSON.stringify(value));
    } catch {
      this.full = true;
    }
  }

  drop(id) {
    try {
      localStorage.removeItem(this.prefix + id);
    } catch {
      // No storage in this browser: nothing was kept, nothing is to be removed.
    }
  }

  all() {
    try {
      const keys = Object.keys(localStorage).filter((key) => key.startsWith(this.prefix));
      return keys.map((key) => readItem(key)).filter((item) => item !== null);
    } catch {
      this.full = true;
      return [];
    }
  }
}

function readItem(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

class Outbox {
  // `send(operations)` hands them to the server; `changed()` is called when the status may differ.
  constructor(owner, send, changed) {
    this.shelf = new Shelf(`tamis/outbox/${owner}/`);
    this.refusalShelf = new Shelf(`tamis/refused/${owner}/`);
    this.send = send;
    this.changed = changed;
    this.waiting = new Map(); // op_id -> {op, since}
    this.sentAt = null; // null: nothing is in flight
    this.wait = RESEND_FIRST_MS;
    this.made = 0;
    this.refusals = this.refusalShelf.all(); // [{op, reason, about}]
    this.restored = this.restore();
  }

  get operations() {
    return [...this.waiting.values()].map(({ op }) => op);
  }

  restore() {
    const items = this.shelf.all().sort((a, b) => a.order - b.order);
    items.forEach(({ op }) => this.waiting.set(op.op_id, { op, since: Date.now() }));
    return items.map(({ op }) => op);
  }

  add(op) {
    this.waiting.set(op.op_id, { op, since: Date.now() });
    this.made += 1;
    this.shelf.put(op.op_id, { order: Date.now() + this.made / 1e6, op });
    this.push();
  }

  push() {
    if (this.sentAt !== null || this.waiting.size === 0) return;
    this.sendNow();
  }

  sendNow() {
    this.sentAt = this.waiting.size ? Date.now() : null;
    this.send(this.operations);
  }

  // Forgets what the server has stored or refused, and returns the refused as [{op, reason}].
  settle(acknowledged, rejected) {
    const stored = acknowledged.filter((id) => this.forget(id));
    const refused = rejected
      .map(({ op_id, reason }) => ({ op: this.forget(op_id), reason }))
      .filter(({ op }) => op);
    if (stored.length || refused.length) {
      this.sentAt = null;
      this.wait = RESEND_FIRST_MS;
    }
    if (this.waiting.size === 0) this.shelf.full = false;
    // The old state value still holds what was refused; replace it, lest it be tried again.
    if (refused.length) this.sendNow();
    else this.push();
    return refused;
  }

  forget(id) {
    const op = this.waiting.get(id)?.op;
    this.waiting.delete(id);
    this.shelf.drop(id);
    return op;
  }

  refuse(refusal) {
    this.refusals.push(refusal);
    this.refusalShelf.put(refusal.op.op_id, refusal);
  }

  dismissRefusals() {
    this.refusals.forEach(({ op }) => this.refusalShelf.drop(op.op_id));
    this.refusals = [];
  }

  // Examples that a waiting decision has settled and no later waiting undo has brought back.
  decided() {
    const examples = new Set();
    for (const op of this.operations) {
      if (op.action === "undo") examples.delete(op.example_id);
      else if (op.action !== "comment") examples.add(op.example_id);
    }
    return examples;
  }

  undoing(example) {
    return this.operations.some((op) => op.action === "undo" && op.example_id === example);
  }

  status() {
    const [oldest] = this.waiting.values();
    const count = this.waiting.size;
    const late = oldest !== undefined && Date.now() - oldest.since > LATE_MS;
    return { count, late, durable: !this.shelf.full };
  }

  start() {
    this.timer ??= setInterval(() => this.tick(), TICK_MS);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  tick() {
    if (this.waiting.size === 0) return;
    if (this.sentAt === null || Date.now() - this.sentAt >= this.wait) {
      this.wait = Math.min(this.wait * 2, RESEND_MAX_MS);
      this.sendNow();
    }
    this.changed();
  }
}
