/** Screens of this app: how they are entered, what they read, and what they remember while they are open. */

import { Problem } from "../phone/client.js";
import { back, go, redraw } from "../phone/router.js";
import { html, icon, nothing, t } from "../phone/view.js";
import { explain } from "./actions.js";

export { go };

/** @typedef {{ status: "loading" | "here" | "failed" | "not_yet", value?: any, detail?: string }} Loaded */

/** @type {Map<string, Loaded>} */
const loaded = new Map();

/** What a screen read is read again when a screen is entered. */
export const forgetLoaded = () => loaded.clear();

/** @param {string} key */
export function reload(key) {
  loaded.delete(key);
  redraw();
}

/**
 * Read something once for the screen, and draw with it; waiting, failing and a route that is not there yet are shown.
 * @template Value
 * @param {string} key
 * @param {() => Promise<Value>} read
 * @param {(value: Value) => unknown} draw
 */
export function load(key, read, draw) {
  const known = loaded.get(key);
  if (!known) {
    loaded.set(key, { status: "loading" });
    read().then(
      (value) => settle(key, { status: "here", value }),
      (problem) => settle(key, failure(problem)),
    );
  }
  if (!known || known.status === "loading") return html`<p class="loading" role="status">${t("drive.loading")}</p>`;
  if (known.status === "here") return draw(known.value);
  if (known.status === "not_yet") return html`<div class="empty">${icon("inbox")}<p class="empty-title">${t("drive.not_here_yet")}</p></div>`;
  return html`<div class="empty">${icon("unplug")}<p class="empty-title">${known.detail}</p>
    <button class="button plain" @click=${() => reload(key)}>${icon("refresh-cw")}${t("drive.retry")}</button></div>`;
}

/**
 * What stands on the screen is read once more and stays until then, with what was typed beside it.
 * @param {string} key @param {() => Promise<unknown>} read
 */
export async function readAgain(key, read) {
  settle(key, { status: "here", value: await read() });
}

/** @param {string} key @param {Loaded} state */
function settle(key, state) {
  if (!loaded.has(key)) return;
  loaded.set(key, state);
  redraw();
}

/** @param {unknown} problem @returns {Loaded} */
function failure(problem) {
  if (problem instanceof Problem && problem.status === 404) return { status: "not_yet" };
  if (problem instanceof Problem) return { status: "failed", detail: problem.detail };
  explain(problem);
  return { status: "failed", detail: t("drive.link.no_answer") };
}

/**
 * What a screen remembers while the app is open: writing to it draws anew.
 * @template {object} Memory
 * @param {Memory} memory
 * @returns {Memory}
 */
export function local(memory) {
  return new Proxy(memory, {
    set(target, name, value) {
      Reflect.set(target, name, value);
      redraw();
      return true;
    },
  });
}

/** @param {string} href @param {string} words @param {string} [kind] */
export const link = (href, words, kind = "") => html`<a class=${kind} href=${href}>${words}</a>`;

/** A screen below another one, with the way back. @param {string} title @param {string} from @param {unknown} body */
export function page(title, from, body) {
  return html`<section class="drive-page">
    <header class="drive-page-head"><button class="drive-back" @click=${() => back(from)} aria-label=${t("drive.back")}>${icon("arrow-left")}</button><h1>${title}</h1></header>
    ${body ?? nothing}
  </section>`;
}
