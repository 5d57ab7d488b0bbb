// What is seen. The DOM is built once per mount from card.html; afterwards only texts, attributes
// and `hidden` change. Texts come from strangers: textContent, never innerHTML.

const WORDS = [
  [0.9, "almost certain"],
  [0.7, "likely"],
  [0.4, "possible"],
  [0.15, "unlikely"],
  [0, "very unlikely"],
];
const SHOWN_DIGITS = 9;
const FOUND_MAX = 60;

const partsOf = (element) =>
  Object.fromEntries([...element.querySelectorAll("[data-ui]")].map((e) => [e.dataset.ui, e]));

function write(element, text) {
  element.textContent = text ?? "";
  element.hidden = !text;
}

function sureness(probability) {
  const [, words] = WORDS.find(([least]) => probability >= least) ?? WORDS.at(-1);
  return `${Math.round(probability * 100)} %, ${words}`;
}

const plural = (n, one, many) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

// Indents JSON token by token, so that numbers keep every digit they were written with.
function prettyJson(text) {
  const tokens = text.match(/"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let depth = 0;
  let out = "";
  const newline = () => `\n${"  ".repeat(depth)}`;
  tokens.forEach((token, i) => {
    const empty = "{[".includes(tokens[i - 1] ?? "-") && "]}".includes(token);
    if ("]}".includes(token)) depth -= 1;
    if ("]}".includes(token) && !empty) out += newline();
    out += token === ":" ? ": " : token;
    if ("{[".includes(token)) depth += 1;
    const closes = "]}".includes(tokens[i + 1] ?? "-");
    if (token === "," || ("{[".includes(token) && !closes)) out += newline();
  });
  return out;
}

function parseSet(output) {
  try {
    const labels = JSON.parse(output ?? "[]");
    return Array.isArray(labels) ? labels.map(String) : [];
  } catch {
    return [];
  }
}

const encodeSet = (labels) => JSON.stringify([...new Set(labels)].sort());

function sameOutput(task, a, b) {
  return task === "multi-label" && a !== null && b !== null
    ? encodeSet(parseSet(a)) === encodeSet(parseSet(b))
    : a === b;
}

// An output as people read it.
function readable(task, output) {
  if (output === null || output === undefined) return "(none)";
  if (task === "multi-label") return parseSet(output).join(", ") || "(no label)";
  return task === "extraction" ? prettyJson(output) : output;
}

// A list whose rows are cloned from its <template> when needed and hidden when not.
class Rows {
  constructor(list) {
    this.list = list;
    this.template = list.querySelector("template").content.firstElementChild;
    this.rows = [];
  }

  fill(items, draw) {
    while (this.rows.length < items.length) {
      const row = this.list.appendChild(this.template.cloneNode(true));
      this.rows.push([row, partsOf(row)]);
    }
    this.rows.forEach(([row, parts], i) => {
      row.hidden = i >= items.length;
      if (!row.hidden) draw(parts, items[i], row, i);
    });
  }
}

class View {
  constructor(root) {
    this.ui = partsOf(root);
    const lists = ["refusals", "findings", "turns", "choices", "found", "neighbours", "metadata"];
    this.rows = Object.fromEntries(lists.map((name) => [name, new Rows(this.ui[name])]));
    this.buttons = [...this.ui.root.querySelectorAll(".actions button")];
  }

  // mode: "card", "edit", "comment", "loading" or "done"; it decides what can be pressed.
  setMode(mode) {
    const open = mode === "edit" || mode === "comment";
    const away = mode === "loading" || mode === "done";
    this.ui.root.dataset.mode = mode;
    this.ui.body.hidden = away;
    this.ui.empty.hidden = !away;
    this.ui.editor.hidden = !open;
    for (const button of this.buttons) {
      const always = ["undo", "help"].includes(button.dataset.do);
      button.disabled = open || (away && !always);
    }
  }

  showCard(card, task, about) {
    const { ui } = this;
    ui.root.dataset.task = task;
    ui.root.dataset.example = card.example_id;
    this.showWhy(card);
    this.showExample(card, task);
    this.showOutputs(card, task, about);
    this.showEvidence(card, task);
    ui.why.scrollTop = ui.reading.scrollTop = ui.outputs.scrollTop = ui.evidence.scrollTop = ui.body.scrollTop = 0;
  }

  showWhy(card) {
    const { ui } = this;
    this.rows.findings.fill(card.findings, (parts, { title, reason, ask }) => {
      parts.title.textContent = title;
      parts.reason.textContent = reason;
      write(parts.ask, ask);
    });
    ui.why.dataset.flagged = card.flagged;
    ui.why.hidden = card.findings.length === 0;
  }

  showExample(card, task) {
    const { ui } = this;
    let turns = task === "chat" ? (card.messages ?? []) : [];
    const last = turns.at(-1);
    if (last?.role === "assistant" && last.content === card.given) turns = turns.slice(0, -1);
    this.rows.turns.fill(turns, (parts, turn, row) => {
      row.dataset.role = turn.role;
      parts.role.textContent = turn.role;
      const content = turn.content ?? turn.tool_calls ?? "";
      parts.content.textContent = typeof content === "string" ? content : JSON.stringify(content);
    });
    ui.turns.hidden = turns.length === 0;
    write(ui.text, turns.length ? "" : card.text);
    const copies = card.cluster_size > 1 ? `1 of ${card.cluster_size} near-duplicates` : "";
    write(ui.source, [card.source, copies].filter(Boolean).join(" · "));
    this.showComment(card.comment);
  }

  showComment(comment) {
    this.ui.commentText.textContent = comment ?? "";
    this.ui.comment.hidden = !comment;
  }

  showOutputs(card, task, about) {
    const { ui } = this;
    const untouched = sameOutput(task, card.current, card.given);
    const given = readable(task, card.given);
    ui.currentTitle.textContent = untouched ? "Given" : `Current (given: ${given})`;
    ui.currentValue.textContent = readable(task, card.current);
    write(ui.currentMeaning, about.get(card.current));
    this.showSureness("current", untouched ? card.given_confidence : null);
    ui.suggested.hidden = card.suggested === null;
    ui.suggestedValue.textContent = readable(task, card.suggested);
    write(ui.suggestedMeaning, about.get(card.suggested));
    this.showSureness("suggested", card.confidence);
  }

  showSureness(which, probability) {
    this.ui[`${which}Sure`].hidden = probability === null;
    if (probability === null) return;
    this.ui[`${which}Bar`].style.width = `${probability * 100}%`;
    this.ui[`${which}Words`].textContent = sureness(probability);
  }

  // `picked` is the set of labels shown as given; for several labels it is what Enter will save.
  showChoices(card, task, picked, changed) {
    const { ui } = this;
    const several = task === "multi-label";
    const suggested = several ? parseSet(card.suggested) : [card.suggested];
    const shown = card.choices.slice(0, SHOWN_DIGITS);
    this.rows.choices.fill(shown, ({ button, digit, name, tag }, label, _, i) => {
      const on = picked.has(label);
      button.dataset.label = label;
      button.dataset.on = on;
      if (several) button.setAttribute("aria-pressed", on);
      else button.removeAttribute("aria-pressed");
      digit.textContent = i + 1;
      name.textContent = label;
      let role = suggested.includes(label) ? "suggested" : "";
      if (!several && on) role = label === card.given ? "given" : "current";
      tag.textContent = several && on ? "✓" : role;
    });
    ui.will.textContent = several
      ? `${changed ? "Will save" : "Shown"}: ${[...picked].join(", ") || "(no label)"}`
      : "";
    ui.keepName.textContent = several && changed ? "Save" : "Keep";
  }

  showFound(labels, picked, at) {
    const { ui } = this;
    this.rows.found.fill(labels.slice(0, FOUND_MAX), ({ name, about }, label, row, i) => {
      row.id = `found-${i}`;
      row.dataset.label = label.name;
      row.setAttribute("aria-selected", i === at);
      name.textContent = `${picked.has(label.name) ? "✓ " : ""}${label.name}`;
      about.textContent = label.description;
      if (i === at) row.scrollIntoView({ block: "nearest" });
    });
    ui.found.hidden = false;
    ui.choices.hidden = true;
    ui.find.setAttribute("aria-expanded", "true");
    ui.find.setAttribute("aria-activedescendant", labels.length ? `found-${at}` : "");
  }

  hideFound() {
    this.ui.found.hidden = true;
    this.ui.choices.hidden = false;
    this.ui.find.value = "";
    this.ui.find.setAttribute("aria-expanded", "false");
    this.ui.find.removeAttribute("aria-activedescendant");
  }

  showEvidence(card, task) {
    const { ui } = this;
    const near = card.neighbours.slice(0, 5);
    // Labels of neighbours agree or not; answers and extractions of other inputs always differ.
    const comparable = task === "single-label" || task === "multi-label";
    const agrees = (n) => sameOutput(task, n.output, card.given);
    this.rows.neighbours.fill(near, (parts, neighbour, row) => {
      const same = agrees(neighbour);
      const output = readable(task, neighbour.output);
      row.dataset.same = comparable ? same : "";
      parts.mark.textContent = same ? "=" : "≠";
      parts.verdict.textContent = same ? "Same as given: " : "Differs from given: ";
      parts.verdict.hidden = !comparable;
      parts.output.textContent = comparable ? output : neighbour.text;
      parts.similarity.textContent = `${Math.round(neighbour.similarity * 100)} % alike`;
      row.dataset.other = Boolean(neighbour.contradicts);
      parts.text.textContent = comparable ? neighbour.text : output;
    });
    ui.neighbourhood.hidden = near.length === 0;
    const agreeing = near.filter(agrees).length;
    ui.agreement.textContent = comparable
      ? `${agreeing} of ${near.length} agree with the given output`
      : "Similar inputs and their outputs";
    write(ui.guideline, card.guideline);
    ui.guide.hidden = !card.guideline;
    const metadata = Object.entries(card.metadata ?? {});
    this.rows.metadata.fill(metadata, ({ key, value }, [name, content]) => {
      key.textContent = name;
      value.textContent = typeof content === "string" ? content : JSON.stringify(content);
    });
    ui.meta.hidden = metadata.length === 0;
    ui.evidence.hidden = near.length === 0 && !card.guideline && metadata.length === 0;
  }

  openEditor(title, text, monospace) {
    this.ui.editorTitle.textContent = title;
    this.ui.draft.value = text;
    this.ui.draft.dataset.code = monospace;
    this.ui.problem.textContent = "";
    this.ui.draft.focus();
  }

  showAway(title, text, mark) {
    this.ui.emptyTitle.textContent = title;
    this.ui.emptyText.textContent = text;
    this.ui.emptyMark.textContent = mark;
    delete this.ui.root.dataset.example;
  }

  showCounts(reviewed, remaining) {
    const share = reviewed + remaining ? (100 * reviewed) / (reviewed + remaining) : 100;
    this.ui.progressBar.style.width = `${share}%`;
    this.ui.progress.setAttribute("aria-valuenow", Math.round(share));
    const [done, left] = [reviewed, remaining].map((n) => n.toLocaleString("en"));
    this.ui.counts.textContent = `${done} reviewed · ${left} to go`;
  }

  showStatus({ count, late, durable }, problem) {
    const kept = durable ? "kept in this browser" : "only in this tab: leave it open";
    const decisions = plural(count, "decision", "decisions");
    let text = "Saved";
    if (count) text = `Saving ${count}…`;
    const why = problem ? `${problem} ` : "server does not answer, ";
    const bad = count > 0 && (late || problem !== null);
    if (bad) text = `Not saved yet: ${why}${decisions} ${kept}`;
    // Unchanged text is not written again, or a screen reader would repeat it.
    if (this.ui.status.textContent !== text) this.ui.status.textContent = text;
    this.ui.status.dataset.state = bad ? "late" : count ? "saving" : "saved";
  }

  showRefusals(refusals) {
    this.rows.refusals.fill(refusals, ({ what, lost }, refusal) => {
      what.textContent = `${refusal.about}: ${refusal.reason}`;
      write(lost, refusal.op.action === "edit" ? refusal.op.value : refusal.op.comment);
    });
    this.ui.refused.hidden = refusals.length === 0;
  }
}
