/** Signing in: the telephone's number, then the one-time code that came to it. */

import { Problem, answerCode, askForCode, onSignedOut, session } from "./client.js";
import { startOutbox } from "./outbox.js";
import { button, failed, field, icon, notice } from "./parts.js";
import { page } from "./page.js";
import { preferences } from "./preferences.js";
import { html, nothing, render, t } from "./view.js";

/** @typedef {import("./types").Session} Session */
/** @typedef {import("./types").Challenge} Challenge */

/**
 * Let somebody in: who is signed in already, or who signs in now. Draws in `outlet` until then. When the session ends
 * later, the page begins anew, and with it the sign-in.
 * @param {HTMLElement} outlet
 * @returns {Promise<Session>}
 */
export async function enter(outlet) {
  const found = (await present(outlet)) ?? (await signIn(outlet));
  greeted(outlet);
  onSignedOut(() => location.reload());
  await startOutbox();
  register();
  return found;
}

/** @param {HTMLElement} outlet @returns {Promise<Session | null>} */
async function present(outlet) {
  for (;;) {
    try {
      return await session();
    } catch (problem) {
      if (problem instanceof Problem && problem.status === 401) return null;
      await again(outlet, problem instanceof Problem ? problem : null);
    }
  }
}

/** What the page said while it waited for its scripts goes: templates are drawn beside what they did not draw. @param {HTMLElement} outlet */
function greeted(outlet) {
  outlet.querySelector(":scope > .phone-wait")?.remove();
}

/** Nobody answers: say so, until the person or the network asks again. @param {HTMLElement} outlet @param {Problem | null} problem */
function again(outlet, problem) {
  greeted(outlet);
  return new Promise((resolve) => {
    const once = () => {
      removeEventListener("online", once);
      resolve(null);
    };
    addEventListener("online", once);
    render(html`<main class="sign-in-screen">${failed(problem, once)}</main>`, outlet);
  });
}

/** @param {HTMLElement} outlet @returns {Promise<Session>} */
function signIn(outlet) {
  greeted(outlet);
  return new Promise((resolve) => {
    const form = new Form((found) => resolve(found), () => render(form.draw(), outlet));
    form.redraw();
  });
}

class Form {
  /** @param {(session: Session) => void} done @param {() => void} redraw */
  constructor(done, redraw) {
    this.done = done;
    this.redraw = redraw;
    this.phone = "";
    this.code = "";
    /** @type {Challenge | null} */
    this.challenge = null;
    this.wrong = "";
    this.isBusy = false;
  }

  draw() {
    return html`<main class="sign-in-screen">
      <div class="sign-in-brand">
        <span class="brand-mark" aria-hidden="true">${icon(page.app === "driver" ? "car" : "route")}</span>
        <p class="brand-name">daeri</p>
        <p class="hint">${page.app === "driver" ? t("phone.sign_in.driver_lead") : t("phone.sign_in.customer_lead")}</p>
      </div>
      ${this.challenge ? this.codeForm(this.challenge) : this.phoneForm()}
      <div class="sign-in-preferences">${preferences(this.redraw)}</div>
    </main>`;
  }

  phoneForm() {
    return html`<form class="sign-in-form" novalidate @submit=${(/** @type {Event} */ event) => this.sent(event, () => this.ask())}>
      <h1 tabindex="-1">${t("phone.sign_in.title")}</h1>
      ${field("phone", t("phone.sign_in.phone"), this.phone, (value) => (this.phone = value), {
        type: "tel", inputmode: "tel", autocomplete: "tel", maxlength: 20, placeholder: "010-0000-0000", wrong: this.wrong, hint: t("phone.sign_in.phone_hint"),
      })}
      ${button(t("phone.sign_in.send"), () => {}, { kind: "primary", wide: true, busy: this.isBusy, submit: true })}
    </form>`;
  }

  /** @param {Challenge} challenge */
  codeForm(challenge) {
    return html`<form class="sign-in-form" novalidate @submit=${(/** @type {Event} */ event) => this.sent(event, () => this.answer(challenge))}>
      <h1 tabindex="-1">${t("phone.sign_in.code_title")}</h1>
      <p class="hint">${t("phone.sign_in.code_sent", { phone: this.phone })}</p>
      ${challenge.code ? notice(t("phone.sign_in.demo_code", { code: challenge.code }), "info") : nothing}
      ${field("code", t("phone.sign_in.code"), this.code, (value) => this.typed(value, challenge), {
        inputmode: "numeric", autocomplete: "one-time-code", maxlength: 7, wrong: this.wrong,
      })}
      ${button(t("phone.sign_in.enter"), () => {}, { kind: "primary", wide: true, busy: this.isBusy, submit: true })}
      ${button(t("phone.sign_in.other_phone"), () => this.begin(), { kind: "quiet", wide: true })}
    </form>`;
  }

  /** @param {Event} event @param {() => Promise<void>} work */
  async sent(event, work) {
    event.preventDefault();
    if (this.isBusy) return;
    this.isBusy = true;
    this.wrong = "";
    this.redraw();
    try {
      await work();
    } catch (problem) {
      this.wrong = problem instanceof Problem ? problem.detail : t("phone.failed.detail");
      if (problem instanceof Problem && (problem.code === "code_expired" || problem.code === "too_many_attempts")) this.challenge = null;
    }
    this.isBusy = false;
    this.redraw();
    document.querySelector("input")?.focus();
  }

  async ask() {
    this.challenge = await askForCode(this.phone);
    this.code = "";
  }

  /** @param {Challenge} challenge */
  async answer(challenge) {
    this.done(await answerCode(challenge.challenge_id, this.code));
  }

  /** Six digits are a whole code: no need to press. @param {string} value @param {Challenge} challenge */
  typed(value, challenge) {
    this.code = value;
    const isWhole = value.replace(/\D/g, "").length === 6;
    if (isWhole) void this.sent(new Event("submit"), () => this.answer(challenge));
  }

  begin() {
    this.challenge = null;
    this.wrong = "";
    this.redraw();
  }
}

/** Keep the app's shell for when there is no network. */
function register() {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.register(page.serviceWorker, { scope: page.serviceWorkerScope }).catch(() => null);
}
