/** What lies over a screen: sheets from below, questions with two answers, and short words that go by themselves. */

import { html, icon, nothing, render, t } from "./view.js";

/**
 * A sheet that rises from below (in the middle, at width). `content` is drawn again by the `redraw` that it is given.
 * Resolves with what it was closed with; undefined when it was put away.
 * @template T
 * @param {string} title
 * @param {(close: (value?: T) => void, redraw: () => void) => unknown} content
 * @param {{ kind?: "sheet" | "dialog" | "whole" }} [how]
 * @returns {Promise<T | undefined>}
 */
export function openSheet(title, content, { kind = "sheet" } = {}) {
  const dialog = document.createElement("dialog");
  dialog.className = `sheet ${kind}`;
  const back = document.activeElement;
  /** @type {T | undefined} */
  let answer;
  /** @param {T} [value] */
  const close = (value) => {
    answer = value;
    dialog.close();
  };
  const draw = () => render(frame(title, content(close, draw), () => close()), dialog);
  draw();
  document.body.append(dialog);
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (back instanceof HTMLElement) back.focus({ preventScroll: true });
      resolve(answer);
    });
  });
}

/** @param {string} title @param {unknown} content @param {() => void} close */
function frame(title, content, close) {
  return html`<div class="sheet-body">
    <header class="sheet-head">
      <h2>${title}</h2>
      <button type="button" class="icon-button" aria-label=${t("phone.close")} @click=${close}>${icon("x")}</button>
    </header>
    ${content}
  </div>`;
}

/**
 * Ask before something that cannot be undone; true when the person goes on.
 * @param {{ title: string, text?: string, yes: string, no?: string, danger?: boolean }} question
 * @returns {Promise<boolean>}
 */
export async function confirm({ title, text = "", yes, no = t("phone.no"), danger = false }) {
  const answer = await openSheet(
    title,
    (/** @type {(value?: boolean) => void} */ close) => html`
      ${text ? html`<p class="sheet-text">${text}</p>` : nothing}
      <div class="sheet-actions">
        <button type="button" class="button plain" @click=${() => close(false)}>${no}</button>
        <button type="button" class="button ${danger ? "danger" : "primary"}" @click=${() => close(true)}>${yes}</button>
      </div>`,
    { kind: "dialog" },
  );
  return answer === true;
}

/**
 * One of several, each with a word of its own; undefined when none was chosen.
 * @template {string} T
 * @param {string} title
 * @param {readonly { value: T, label: string, hint?: string, glyph?: string }[]} options
 * @returns {Promise<T | undefined>}
 */
export function choose(title, options) {
  return openSheet(
    title,
    (/** @type {(value?: T) => void} */ close) => html`<ul class="rows">
      ${options.map(
        (each) => html`<li><button type="button" class="row" @click=${() => close(each.value)}>
          ${each.glyph ? icon(each.glyph) : nothing}
          <span class="row-main"><span>${each.label}</span>${each.hint ? html`<small>${each.hint}</small>` : nothing}</span>
        </button></li>`,
      )}
    </ul>`,
  );
}

const TOAST_MS = 4_000;
const GLYPHS = { good: "circle-check", bad: "circle-alert", info: "info" };

/**
 * Say something that needs no answer; a refusal stays longer, as there is more to read.
 * @param {string} text @param {"good" | "bad" | "info"} [kind]
 */
export function toast(text, kind = "info") {
  const area = document.querySelector(".toasts") ?? document.body.appendChild(makeArea());
  const element = document.createElement("div");
  element.className = "toast";
  element.dataset.kind = kind;
  render(html`${icon(GLYPHS[kind])}<span>${text}</span>`, element);
  area.append(element);
  while (area.children.length > 2) area.firstElementChild?.remove();
  setTimeout(() => element.remove(), TOAST_MS + text.length * 40);
}

/** Above open dialogs too, where the browser can put it there. */
function makeArea() {
  const area = document.createElement("div");
  area.className = "toasts";
  area.setAttribute("role", "status");
  area.setAttribute("aria-live", "polite");
  return area;
}
