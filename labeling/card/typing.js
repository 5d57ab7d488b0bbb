// The two places where people type on the card: a label's name, and an output or a comment.

class Finder {
  constructor(card) {
    this.card = card;
    this.view = card.view;
    const { find, found } = card.ui;
    find.addEventListener("focus", () => this.open());
    find.addEventListener("input", () => this.search());
    find.addEventListener("blur", () => this.view.hideFound());
    find.addEventListener("keydown", (event) => this.onKey(event));
    found.addEventListener("click", (event) =>
      this.take(event.target.closest("li")?.dataset.label),
    );
  }

  get several() {
    return this.card.data.task === "multi-label";
  }

  open() {
    this.before = new Set(this.card.picked);
    this.search();
  }

  search() {
    const wanted = this.card.ui.find.value.trim().toLowerCase();
    const place = ({ name }) => name.toLowerCase().indexOf(wanted);
    const found = this.card.data.labels.filter((label) => place(label) >= 0);
    // Names that begin with what was typed come first; otherwise the order of the label set.
    this.found = found.sort((a, b) => Math.sign(place(a)) - Math.sign(place(b)));
    this.at = 0;
    this.draw();
  }

  draw() {
    this.view.showFound(this.found, this.card.picked, this.at);
  }

  move(by) {
    const last = Math.min(this.found.length, FOUND_MAX) - 1;
    this.at = Math.max(0, Math.min(last, this.at + by));
    this.draw();
  }

  take(label) {
    if (label === undefined) return;
    if (!this.several) this.close();
    this.card.pick(label);
    if (!this.several) return;
    this.card.ui.find.value = "";
    this.search();
  }

  close() {
    this.view.hideFound();
    this.card.focus();
  }

  cancel() {
    this.card.picked = this.before;
    this.card.showChoices();
    this.close();
  }

  onKey(event) {
    const { key, ctrlKey, metaKey, repeat, isComposing } = event;
    if (isComposing) return;
    if (key === "ArrowDown") this.move(1);
    else if (key === "ArrowUp") this.move(-1);
    else if (key === "Escape") this.cancel();
    else if (key !== "Enter") return;
    else if (this.several && (ctrlKey || metaKey)) this.saveSet();
    else if (!repeat) this.take(this.found[this.at]?.name);
    event.preventDefault();
  }

  saveSet() {
    this.close();
    this.card.keep();
  }
}

class Editor {
  constructor(card) {
    this.card = card;
    this.ui = card.ui;
    this.ui.editor.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    this.ui.draft.addEventListener("keydown", (event) => this.onKey(event));
  }

  get open() {
    return this.card.mode === "edit" || this.card.mode === "comment";
  }

  get unsaved() {
    return this.open && this.ui.draft.value !== this.before;
  }

  openOutput() {
    const { task } = this.card.data;
    const { current } = this.card.card;
    const code = task === "extraction";
    this.before = current === null ? "" : readable(task, current);
    this.card.setMode("edit");
    this.card.view.openEditor(code ? "Output (JSON)" : "Answer", this.before, code);
  }

  openComment() {
    this.before = this.card.card.comment ?? "";
    this.card.setMode("comment");
    this.card.view.openEditor("Comment", this.before, false);
  }

  close() {
    this.card.setMode("card");
    this.card.focus();
  }

  onKey({ key, ctrlKey, metaKey, repeat, isComposing }) {
    if (isComposing || repeat) return;
    if (key === "Enter" && (ctrlKey || metaKey)) this.save();
    if (key === "Escape") this.close();
  }

  save() {
    const text = this.ui.draft.value;
    const { mode } = this.card;
    this.ui.problem.textContent = mode === "edit" ? this.problemOf(text) : "";
    if (this.ui.problem.textContent) return this.ui.draft.focus();
    const changed = this.unsaved;
    this.close();
    if (mode === "comment") return changed && this.card.addComment(text.trim());
    return changed ? this.card.decide("edit", text) : this.card.keepCurrent();
  }

  problemOf(text) {
    if (!text.trim()) return "An output cannot be empty. To leave the example out, exclude it.";
    if (this.card.data.task !== "extraction") return "";
    try {
      JSON.parse(text);
      return "";
    } catch (error) {
      return `This is not valid JSON: ${error.message}.`;
    }
  }
}
