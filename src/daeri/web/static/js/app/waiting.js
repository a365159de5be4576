/** While a driver is looked for: how many were asked, how far, how long, and what would help. */

import { clock, day, html, icon, km, minutes, nothing, t, won } from "../phone/view.js";
import { closeDialog, openDialog } from "./dialog.js";
import { command, quote as askQuote } from "./api.js";
import { facts, head, isBusy, nameOf, way } from "./bits.js";
import { cancelButton } from "./cancel.js";
import { STEP_WON, chanceOf, clamped, isFareAllowed, typedBounds } from "./draft.js";
import { group } from "./group.js";
import { may, withCall } from "./states.js";
import { change, redraw, state } from "./store.js";

/** @typedef {import("./types").Call} Call */
/** @typedef {import("./types").Progress} Progress */

/** A call that nobody took for so long goes unmet: another fare may help (R-056). */
const UNMET_S = 45;

/** @param {string} id @returns {import("./call").Face} */
export function waiting(id) {
  /** @param {string} plan @param {number | null} amount */
  async function raise(plan, amount) {
    const body = plan === "typed" ? { plan, amount } : { plan };
    const answer = await command(`fare-${id}`, `/calls/${id}/fare`, body);
    closeDialog();
    if (answer?.id) change({ known: withCall(state.known, answer) });
  }

  /** @param {Call} call */
  async function typeFare(call) {
    let amount = call.fare?.amount ?? call.fare_amount;
    const bare = (/** @type {import("./types").Place} */ place) => ({ lat: place.lat, lon: place.lon, name: place.name });
    const quote = await askQuote({ origin: bare(call.origin), destination: bare(call.destination), vias: call.vias.map(bare), service: call.service }).catch(() => null);
    if (!quote) return;
    const { floor, ceiling } = typedBounds(quote);
    /** @param {number} to */
    const set = (to) => {
      amount = to;
      redraw();
    };
    openDialog(t("app.raise.title"), () => html`
      <div class="stepper">
        <button type="button" class="icon-button" aria-label=${t("app.typed.less")} @click=${() => set(clamped(amount - STEP_WON, quote))}>${icon("minus")}</button>
        <input inputmode="numeric" maxlength="10" aria-label=${t("app.typed.label")} .value=${String(amount)} @input=${(/** @type {{ target: HTMLInputElement }} */ event) => set(Number(event.target.value.replace(/\D/g, "")))} />
        <button type="button" class="icon-button" aria-label=${t("app.typed.more")} @click=${() => set(clamped(amount + STEP_WON, quote))}>${icon("plus")}</button>
      </div>
      <p class="chance" role="status" data-chance=${chanceOf(amount, quote)}>${isFareAllowed(amount, quote) ? t(`app.typed.${chanceOf(amount, quote)}`) : t("app.typed.bounds", { floor: won(floor), ceiling: won(ceiling) })}</p>
      <div class="dialog-buttons">
        <button type="button" class="button primary wide" ?disabled=${!isFareAllowed(amount, quote) || isBusy(`fare-${id}`)} @click=${() => raise("typed", amount)}>${t("app.raise.to", { fare: won(amount) })}</button>
        <button type="button" class="button plain wide" @click=${closeDialog}>${t("app.close")}</button>
      </div>
    `);
  }

  /** What would help when nobody takes it. @param {Call} call @param {Progress | undefined} progress */
  function help(call, progress) {
    const waited = waitedFor(call, progress);
    if (!may(call, "change_fare", true)) return nothing;
    const offer = progress?.raise;
    if (offer) {
      return html`<section class="card tight" data-raise>
        <h2>${t("app.raise.offer")}</h2>
        <p class="hint">${t("app.raise.why")}</p>
        <button type="button" class="button primary wide" ?disabled=${isBusy(`fare-${id}`)} @click=${() => raise(offer.plan, offer.amount)}>${t("app.raise.to", { fare: won(offer.amount) })}</button>
        <button type="button" class="button plain wide" @click=${() => typeFare(call)}>${t("app.raise.other")}</button>
      </section>`;
    }
    return waited > UNMET_S ? html`<button type="button" class="button plain wide" @click=${() => typeFare(call)}>${t("app.raise.open")}</button>` : nothing;
  }

  return {
    draw: (call) => {
      const progress = state.known.progress.get(id);
      const isReserved = call.state === "reserved";
      return html`
        ${head(t(`app.call.${call.state}`), { home: true, action: cancelButton(call) })}
        <div class="scroll pad stack">
          ${isReserved ? reserved(call) : search(call, progress)} ${isReserved ? nothing : help(call, progress)} ${group(call)}
          <section class="card tight">${way(call)}${facts(call)}</section>
        </div>
      `;
    },
  };
}

/** @param {Call} call */
function reserved(call) {
  return html`<section class="now" data-reserved>
    <p class="big">${call.reserved_for ? t("app.when.at", { day: day(call.reserved_for), clock: clock(call.reserved_for) }) : ""}</p>
    <p class="hint">${t("app.reserved.about", { place: nameOf(call.origin) })}</p>
  </section>`;
}

/** @param {Call} call @param {Progress | undefined} progress */
function waitedFor(call, progress) {
  const since = Math.max(0, (Date.now() - Date.parse(call.requested_at)) / 1000);
  // The server's own count where the clocks of phone and server differ much.
  return progress && Math.abs(progress.waiting_s - since) > 60 ? progress.waiting_s : since;
}

/** @param {Call} call @param {Progress | undefined} progress */
function search(call, progress) {
  const waited = waitedFor(call, progress);
  const expected = progress?.expected_s ?? null;
  return html`<section class="now" data-search>
    <div class="waves" aria-hidden="true"><i></i><i></i><i></i>${icon("car")}</div>
    <p class="big" role="status">${headline(progress)}</p>
    <p class="hint">${expected === null ? t("app.wait.unknown") : t("app.wait.expected", { time: minutes(expected) })}</p>
    <dl class="tiles">
      <div><dt>${t("app.wait.waited")}</dt><dd data-waited>${stopwatch(waited)}</dd></div>
      <div><dt>${t("app.wait.asked")}</dt><dd data-asked>${progress ? t("app.wait.people", { n: progress.asked }) : "–"}</dd></div>
      <div><dt>${t("app.wait.radius")}</dt><dd>${progress?.radius_m ? km(progress.radius_m) : "–"}</dd></div>
      <div><dt>${t("app.wait.nearest")}</dt><dd>${progress?.nearest_m ? km(progress.nearest_m) : "–"}</dd></div>
    </dl>
    ${reason(progress)}
  </section>`;
}

/** @param {Progress | undefined} progress */
function headline(progress) {
  if (!progress) return t("app.wait.begin");
  if (progress.asked) return t("app.wait.asking", { n: progress.asked });
  if (progress.reason) return t("app.wait.far");
  return progress.nearest_m ? t("app.wait.near", { distance: km(progress.nearest_m) }) : t("app.wait.begin");
}

/** Seconds as `4:05`. @param {number} seconds */
export function stopwatch(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** @param {Progress | undefined} progress */
function reason(progress) {
  const short = progress?.shortage;
  if (short && short.level !== "none") {
    const why = short.reason === "weather" ? "weather" : "volume";
    return html`<p class="notice" data-kind="warn">${icon(why === "weather" ? "cloud-rain" : "users")}<span>${t(`app.shortage.${short.level}`)} ${t(`app.shortage.why.${why}`)}</span></p>`;
  }
  if (progress?.is_fare_low) return html`<p class="notice" data-kind="warn">${icon("info")}<span>${t("app.unmet.fare")}</span></p>`;
  if (!progress?.reason || progress.reason === "offered") return nothing;
  return html`<p class="notice" data-kind="warn">${icon("info")}<span>${unmet(progress.reason)}</span></p>`;
}

const UNMET = new Set(["listed", "beaten_by_call", "all_asked", "all_busy", "none_eligible", "no_driver_in_radius"]);

/** What keeps drivers away, as dispatch decided last (I-038). @param {string} code */
function unmet(code) {
  return UNMET.has(code) ? t(`app.unmet.${code}`) : t("app.unmet.other");
}
