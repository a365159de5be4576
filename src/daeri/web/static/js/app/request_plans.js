/** The fare plans side by side, and the fare that somebody types with what it means for the chance of a driver. */

import { html, icon, nothing, t, won } from "../phone/view.js";
import { STEP_WON, chanceOf, chosenPlan, clamped, isFareAllowed, plansOf, typedBounds, typedStart } from "./draft.js";
import { changeDraft, state } from "./store.js";

/** @typedef {import("./types").Quote} Quote */
/** @typedef {import("./types").Plan} Plan */

/** @param {Quote} quote */
export function plans(quote) {
  const chosen = chosenPlan(state.draft, quote);
  return html`<fieldset class="plans">
    <legend class="small-title">${t("app.plans")}</legend>
    <div class="plan-cards">${plansOf(quote).map((plan) => card(plan, chosen.plan, quote))}</div>
    ${chosen.plan === "typed" ? typedFare(quote) : html`<p class="hint">${t(`app.plan.${chosen.plan}.about`)}</p>`}
  </fieldset>`;
}

/** @param {Plan} plan @param {string} chosen @param {Quote} quote */
function card(plan, chosen, quote) {
  const isTyped = plan.plan === "typed";
  const amount = isTyped ? (state.draft.typed ?? typedStart(quote)) : plan.amount;
  const chance = isTyped && amount !== null ? chanceOf(amount, quote) : plan.chance;
  return html`<label class="plan" data-plan=${plan.plan}>
    <input type="radio" name="plan" value=${plan.plan} .checked=${plan.plan === chosen} @change=${() => changeDraft({ plan: plan.plan })} />
    <span class="plan-name">${t(`app.plan.${plan.plan}`)}${plan.is_default && plan.plan !== "recommended" ? html` <small class="plan-mark">${t("app.plan.default")}</small>` : nothing}</span>
    <b class="plan-amount">${plan.plan === "meter" || amount === null ? t("app.plan.by_meter") : won(amount)}</b>
    <small class="chance" data-chance=${chance}>${t(`app.chance.${chance}`)}</small>
  </label>`;
}

/** @param {Quote} quote */
function typedFare(quote) {
  const { floor, ceiling } = typedBounds(quote);
  const amount = state.draft.typed ?? typedStart(quote);
  const isAllowed = isFareAllowed(amount, quote);
  return html`<div class="typed">
    <label class="small-title" for="typed-fare">${t("app.typed.label")}</label>
    <div class="stepper">
      <button type="button" class="icon-button" aria-label=${t("app.typed.less")} ?disabled=${amount <= floor} @click=${() => set(clamped(amount - STEP_WON, quote))}>${icon("minus")}</button>
      <input
        id="typed-fare"
        inputmode="numeric"
        autocomplete="off"
        maxlength="10"
        aria-describedby="typed-means"
        aria-invalid=${isAllowed ? "false" : "true"}
        .value=${String(amount)}
        @input=${(/** @type {{ target: HTMLInputElement }} */ event) => set(Number(event.target.value.replace(/\D/g, "")))}
      />
      <button type="button" class="icon-button" aria-label=${t("app.typed.more")} ?disabled=${amount >= ceiling} @click=${() => set(clamped(amount + STEP_WON, quote))}>${icon("plus")}</button>
    </div>
    <p id="typed-means" role="status" class="chance" data-chance=${isAllowed ? chanceOf(amount, quote) : "low"}>
      ${isAllowed ? t(`app.typed.${chanceOf(amount, quote)}`) : t("app.typed.bounds", { floor: won(floor), ceiling: won(ceiling) })}
    </p>
  </div>`;
}

/** @param {number} typed */
function set(typed) {
  changeDraft({ typed });
}
