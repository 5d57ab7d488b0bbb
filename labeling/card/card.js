// What is done: the queue, the keys and the acts of one mounted card.

const DONE = {
  keep: "Kept",
  relabel: "Relabelled",
  edit: "Edited",
  exclude: "Excluded",
  skip: "Skipped",
  undo: "Taken back",
  comment: "Comment added",
};
const HISTORY = 50;
const DOUBLE_CLICK_MS = 250;

const mounted = []; // the last one listens to the keyboard
const cards = new WeakMap();

// Streamlit calls this on every change of the data. It calls the returned function when the card
// leaves the page, but also, late, for a call that a newer one has overtaken.
export default function (component) {
  const root = component.parentElement;
  let card = cards.get(root);
  if (!card?.view.ui.root.isConnected) {
    card?.leave();
    card = new Card(root);
    cards.set(root, card);
  }
  card.calls += 1;
  const call = card.calls;
  card.receive(component);
  return () => call === card.calls && card.leave();
}

class Card {
  constructor(root) {
    this.view = new View(root);
    this.calls = 0;
    this.ui = this.view.ui;
    this.fit = this.fit.bind(this);
    this.listeners = [
      [document, "keydown", (event) => this.onKey(event)],
      [window, "beforeunload", (event) => this.onLeavePage(event)],
      [window, "online", () => this.outbox.waiting.size && this.outbox.sendNow()],
      [window, "resize", this.fit],
    ];
    this.finder = new Finder(this);
    this.editor = new Editor(this);
    this.listenInside(root);
  }

  // ---- data in ---------------------------------------------------------------------------------

  receive(component) {
    this.component = component;
    this.data = component.data;
    this.about = new Map(this.data.labels.map(({ name, description }) => [name, description]));
    const { mount, dataset_id, annotator } = this.data;
    const owner = JSON.stringify([dataset_id, annotator]);
    if (this.owner !== owner || this.mount !== mount) this.begin(owner, mount);
    this.enter();
    const refused = this.outbox.settle(this.data.acknowledged, this.data.rejected);
    refused.forEach((refusal) => this.takeRefusal(refusal));
    this.outbox.start();
    this.refill();
    if (!this.card) this.advance();
    this.refresh();
  }

  begin(owner, mount) {
    this.outbox?.stop();
    [this.owner, this.mount] = [owner, mount];
    const send = (operations) => this.component.setStateValue("outbox", operations);
    this.outbox = new Outbox(owner, send, () => this.refresh());
    this.card = null; // on screen
    this.returned = []; // brought back by undo or refusal; shown before the queue
    this.queue = [];
    this.wanted = null; // an undone example whose card the server still has to send
    this.acted = new Map(); // example_id -> revision that was decided on
    this.undone = new Set();
    this.history = []; // {op, card}, oldest first
    this.outbox.restored.forEach((op) => this.remember(op, null));
    this.view.showRefusals(this.outbox.refusals);
    this.say("");
  }

  remember(op, card) {
    if (op.action === "undo") this.undone.add(op.value);
    else if (op.action !== "comment") this.history.push({ op, card });
    if (this.history.length > HISTORY) this.history.shift();
  }

  // A card stays away while its decision is on its way, and afterwards as long as the server offers
  // it in the state in which it was decided: such a queue is older than the decision.
  refill() {
    const decided = this.outbox.decided();
    const here = new Set(this.returned.map((card) => card.example_id));
    here.add(this.card?.example_id);
    const wanted = this.data.queue.find((card) => card.example_id === this.wanted);
    if (wanted) this.returned.unshift(wanted);
    if (wanted || !this.outbox.undoing(this.wanted)) this.wanted = null;
    here.add(wanted?.example_id);
    this.queue = this.data.queue.filter(
      ({ example_id: id, revision }) =>
        !here.has(id) && !decided.has(id) && !(revision <= (this.acted.get(id) ?? -1)),
    );
  }

  takeRefusal({ op, reason }) {
    const at = this.history.findIndex((entry) => entry.op.op_id === op.op_id);
    const card = at < 0 ? null : this.history.splice(at, 1)[0].card;
    this.acted.delete(op.example_id);
    this.undone.delete(op.value);
    if (card && card.example_id !== this.card?.example_id) this.returned.unshift(card);
    const what = card ? `${DONE[op.action]} “${card.text.slice(0, 80)}”` : DONE[op.action];
    this.outbox.refuse({ op, reason, about: what });
    this.view.showRefusals(this.outbox.refusals);
  }

  // ---- what is on screen -----------------------------------------------------------------------

  advance() {
    this.show(this.wanted ? null : (this.returned.shift() ?? this.queue.shift() ?? null));
  }

  show(card) {
    if (!this.ui.found.hidden) this.finder.close(); // it belongs to the card before
    this.card = card;
    this.shownAt = performance.now();
    if (!card) return this.showAway();
    const { task } = this.data;
    this.picked = new Set(task === "multi-label" ? parseSet(card.current) : [card.current]);
    this.setMode("card");
    this.view.showCard(card, task, this.about);
    this.ui.labels.hidden = !this.hasLabels;
    this.ui.editName.textContent = this.hasLabels ? "Find" : "Edit";
    this.showChoices();
  }

  showAway() {
    const waiting = this.wanted !== null || this.outbox.waiting.size > 0;
    this.setMode(waiting ? "loading" : "done");
    if (waiting) this.view.showAway("Loading more…", "Your last decisions are being saved.", "…");
    else {
      const next = "Choose another filter to review more, or go on to the dashboard and the export.";
      this.view.showAway("All caught up", `Nothing is waiting for you here. ${next}`, "✓");
    }
  }

  showChoices() {
    if (!this.hasLabels) return;
    this.view.showChoices(this.card, this.data.task, this.picked, this.changedSet);
  }

  setMode(mode) {
    this.mode = mode;
    this.view.setMode(mode);
  }

  get hasLabels() {
    return this.data.task === "single-label" || this.data.task === "multi-label";
  }

  get changedSet() {
    return encodeSet(this.picked) !== encodeSet(parseSet(this.card.current));
  }

  refresh() {
    this.view.showStatus(this.outbox.status(), this.data.problem);
    const settled = this.outbox.operations.filter(({ action }) => action !== "comment");
    const done = settled.reduce((sum, { action }) => sum + (action === "undo" ? -1 : 1), 0);
    const { reviewed, remaining } = this.data;
    this.view.showCounts(reviewed + done, Math.max(0, remaining - done));
    if (!this.card) this.showAway();
  }

  focus() {
    this.ui.root.focus({ preventScroll: true });
  }

  say(text) {
    this.ui.last.textContent = text;
  }

  // ---- acts ------------------------------------------------------------------------------------

  operation(action, { example_id, revision }, value, comment = null) {
    const { dataset_id, annotator } = this.data;
    const elapsed_ms = Math.round(performance.now() - this.shownAt);
    const op = { op_id: newId(), dataset_id, annotator, example_id, revision };
    return { ...op, action, value, comment, elapsed_ms };
  }

  // Settles the card on screen and shows the next one. The operation is written down first.
  decide(action, value = null) {
    const op = this.operation(action, this.card, value);
    this.outbox.add(op);
    this.remember(op, this.card);
    this.acted.set(op.example_id, this.newestRevision(this.card));
    this.advance();
    this.refresh();
    const to = action === "relabel" ? ` to ${readable(this.data.task, value)}` : "";
    this.say(`${DONE[action]}${to}. U takes it back.`);
  }

  newestRevision({ example_id, revision }) {
    const offered = this.data.queue.find((card) => card.example_id === example_id);
    return Math.max(revision, offered?.revision ?? 0);
  }

  change(action, value) {
    if (sameOutput(this.data.task, value, this.card.current)) this.keepCurrent();
    else this.decide(action, value);
  }

  keep() {
    if (this.data.task === "multi-label") this.change("relabel", encodeSet(this.picked));
    else this.keepCurrent();
  }

  // A keep names the output that was on screen, so that it can never mean another one.
  keepCurrent() {
    if (this.card.current === null) return this.say("There is no output to keep: choose one.");
    this.decide("keep", this.card.current);
  }

  accept() {
    if (this.card.suggested === null) return this.say("There is no suggestion on this card.");
    this.change(this.hasLabels ? "relabel" : "edit", this.card.suggested);
  }

  exclude() {
    this.decide("exclude");
  }

  skip() {
    this.decide("skip");
  }

  pick(label) {
    if (this.data.task === "single-label") return this.change("relabel", label);
    if (!this.picked.delete(label)) this.picked.add(label);
    this.showChoices();
  }

  pickDigit(digit) {
    const label = this.card.choices[digit - 1];
    if (this.hasLabels && label !== undefined) this.pick(label);
  }

  undo() {
    const last = this.lastDecision();
    if (!last) return this.say("There is nothing to take back.");
    const { op, card } = last;
    const known = [...this.returned, ...this.queue].find((c) => c.example_id === op.example_id);
    const target = { example_id: op.example_id, revision: op.revision ?? 0 };
    const undo = this.operation("undo", target, op.op_id);
    this.undone.add(op.op_id);
    this.acted.delete(op.example_id);
    this.outbox.add(undo);
    this.putBack(op.example_id);
    const back = card ?? known ?? null;
    this.wanted = back ? null : op.example_id;
    this.show(back);
    this.refresh();
    this.say(`Taken back: ${(DONE[op.action] ?? op.action).toLowerCase()}.`);
  }

  // The card on screen waits behind the one that `example` brings back.
  putBack(example) {
    if (this.card && this.card.example_id !== example) this.returned.unshift(this.card);
    this.returned = this.returned.filter((card) => card.example_id !== example);
    this.queue = this.queue.filter((card) => card.example_id !== example);
  }

  lastDecision() {
    const mine = this.history.findLast(({ op }) => !this.undone.has(op.op_id));
    if (mine) return mine;
    const stored = this.data.undoable.findLast(
      ({ op_id, action }) => !this.undone.has(op_id) && !["undo", "comment"].includes(action),
    );
    return stored && { op: stored, card: null };
  }

  help() {
    if (this.ui.help.open) this.ui.help.close();
    else this.ui.help.showModal();
  }

  dismiss() {
    this.outbox.dismissRefusals();
    this.view.showRefusals([]);
  }

  // ---- typing ----------------------------------------------------------------------------------

  edit() {
    if (this.hasLabels) this.find();
    else this.editor.openOutput();
  }

  comment() {
    this.editor.openComment();
  }

  cancel() {
    this.editor.close();
  }

  find() {
    if (this.hasLabels) this.ui.find.focus();
  }

  addComment(text) {
    this.outbox.add(this.operation("comment", this.card, null, text));
    this.card.comment = text;
    this.view.showComment(text);
    this.refresh();
    this.say(text ? "Comment added." : "Comment removed.");
  }

  // ---- events ----------------------------------------------------------------------------------

  run(name) {
    const anywhere = name === "dismiss" || name === "help";
    const open = this.editor.open;
    if (anywhere || (open ? name === "cancel" : this.card || name === "undo")) this[name]();
  }

  onKey(event) {
    const path = event.composedPath();
    const busy = event.defaultPrevented || event.isComposing || event.repeat;
    if (busy || event.ctrlKey || event.metaKey || event.altKey) return;
    if (mounted.at(-1) !== this || takesText(path[0]) || inDialog(path)) return;
    if (event.key === "Enter" && isControl(path[0])) return;
    const name = KEYS[event.key] ?? (event.shiftKey ? undefined : KEYS[event.key.toLowerCase()]);
    const digit = digitOf(event);
    if (!name && !digit) return;
    event.preventDefault();
    if (name) this.run(name);
    else if (this.mode === "card") this.pickDigit(digit);
  }

  onClick(event) {
    const button = event.target.closest("button");
    if (!button) return;
    // The second half of a double click would decide on a card nobody has seen yet.
    if (event.detail > 1 && performance.now() - this.shownAt < DOUBLE_CLICK_MS) return;
    if (button.dataset.do) this.run(button.dataset.do);
    else if (this.mode === "card" && button.dataset.label) this.pick(button.dataset.label);
  }

  listenInside(root) {
    const { ui } = this;
    const on = (element, type, listener) => element.addEventListener(type, listener);
    on(ui.root, "click", (event) => this.onClick(event));
    // A mouse press must not move the focus, or Enter would press that button again.
    on(ui.root, "mousedown", (event) => {
      if (event.target.closest("button, .found")) event.preventDefault();
    });
    on(ui.root, "keydown", (event) => this.onInnerKey(event));
    // Seen from outside the shadow root, typing here looks like typing on the page: hide it from
    // Streamlit's own shortcuts.
    for (const type of ["keydown", "keypress", "keyup"]) {
      on(root, type, (event) => takesText(event.target) && event.stopPropagation());
    }
  }

  onInnerKey(event) {
    if (event.repeat && event.target.closest("button")) event.preventDefault();
    if (event.key !== "?" || !this.ui.help.open) return;
    event.preventDefault();
    this.help();
  }

  onLeavePage(event) {
    if (this.outbox.waiting.size || this.editor.unsaved) event.preventDefault();
  }

  // The card is as tall as the window leaves room for, so the buttons never move or scroll away.
  fit() {
    const host = this.ui.root.getRootNode().host ?? this.ui.root;
    const main = host.closest("[data-testid=stMain]");
    const top = host.getBoundingClientRect().top + (main?.scrollTop ?? window.scrollY);
    this.ui.root.style.setProperty("--top", `${Math.max(0, Math.round(top))}px`);
  }

  enter() {
    if (mounted.includes(this)) return;
    mounted.push(this);
    this.listeners.forEach(([on, type, listener]) => on.addEventListener(type, listener));
    const host = this.ui.root.getRootNode().host;
    this.resizes = new ResizeObserver(this.fit);
    this.resizes.observe(host?.closest("[data-testid=stMainBlockContainer]") ?? document.body);
    this.fit();
  }

  leave() {
    const at = mounted.indexOf(this);
    if (at < 0) return;
    mounted.splice(at, 1);
    this.listeners.forEach(([on, type, listener]) => on.removeEventListener(type, listener));
    this.resizes.disconnect();
    this.outbox.stop();
  }
}
