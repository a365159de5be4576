/** What else may be asked for: who rides, when, which car, how it is paid, a note. Each row says what is chosen. */

import { clock, day, html, icon, live, nothing, repeat, t } from "../phone/view.js";
import { area, button, field, segments } from "../phone/parts.js";
import { isBusy } from "./bits.js";
import { cardName, companyAccount, defaultCard, payingBy, preferCard, registerCard } from "./cards.js";
import { MOST_CARS, isPhone, phoneTyped } from "./draft.js";
import { changeDraft, state } from "./store.js";
import { wheel } from "./wheel.js";

/** @typedef {import("./types").Draft} Draft */
/** @typedef {import("./types").Quote} Quote */

const RIDING = /** @type {const} */ (["me", "another", "several"]);
const MOST_NOTE = 200;

/** @param {Quote | null} quote */
export function options(quote) {
  return html`<section class="options" aria-label=${t("app.options")}>
    ${row("users", t("app.option.riding"), ridingWords(), riding())} ${row("calendar-clock", t("app.option.when"), whenWords(), when(quote))}
    ${state.draft.riding === "me" ? row("car", t("app.option.car"), carWords(), car()) : nothing}
    ${row(payingBy() === "cash" && !companyAccount() ? "banknote" : "credit-card", t("app.option.payment"), paymentWords(), payment())}
    ${state.customer?.business.length ? row("building-2", t("app.option.business"), businessWords(), business()) : nothing}
    ${row("message-circle", t("app.option.note"), state.draft.note || t("app.option.note.none"), note())}
  </section>`;
}

/** @param {string} glyph @param {string} name @param {string} chosen @param {unknown} inside */
function row(glyph, name, chosen, inside) {
  return html`<details class="option">
    <summary>${icon(glyph)}<span class="option-name">${name}</span><span class="option-chosen">${chosen}</span>${icon("chevron-down")}</summary>
    <div class="option-body">${inside}</div>
  </details>`;
}

function ridingWords() {
  const { riding, riders } = state.draft;
  return riding === "several" ? t("app.riding.several.n", { n: riders.length }) : t(`app.riding.${riding}`);
}

function riding() {
  const { riding: chosen, riders } = state.draft;
  return html`${segments(t("app.option.riding"), RIDING.map((value) => ({ value, label: t(`app.riding.${value}`) })), chosen, (one) => ride(RIDING.find((each) => each === one) ?? "me"))}
    <p class="hint">${t(`app.riding.${chosen}.about`)}</p>
    ${chosen === "me" ? nothing : repeat(chosen === "another" ? riders.slice(0, 1) : riders, (_, at) => at, rider)}
    ${chosen === "several" && riders.length < MOST_CARS ? html`<button type="button" class="button plain wide" data-add-car @click=${() => changeDraft({ riders: [...state.draft.riders, nobody()] })}>${icon("plus")}<span>${t("app.rider.add")}</span></button>` : nothing}`;
}

const nobody = () => ({ name: "", phone: "", plate: "" });

/** @param {Draft["riding"]} one */
function ride(one) {
  const least = one === "several" ? 2 : one === "another" ? 1 : 0;
  const riders = [...state.draft.riders];
  while (riders.length < least) riders.push(nobody());
  changeDraft({ riding: one, riders, ...(one === "me" ? {} : { carId: null, plate: "" }) });
}

/** @param {Draft["riders"][number]} rider_ @param {number} at */
function rider(rider_, at) {
  const { riding: chosen, riders } = state.draft;
  // Of the riders as they are then: a browser that fills in several fields does so before anything is drawn again.
  /** @param {Partial<Draft["riders"][number]>} patch */
  const set = (patch) => changeDraft({ riders: state.draft.riders.map((one, other) => (other === at ? { ...one, ...patch } : one)) });
  const wrong = rider_.phone.length > 8 && !isPhone(rider_.phone);
  return html`<fieldset class="rider">
    <legend>${chosen === "several" ? t("app.rider.car", { n: at + 1 }) : t("app.rider.who")}</legend>
    ${chosen === "several" && riders.length > 2 ? html`<button type="button" class="icon-button small" aria-label=${t("app.rider.remove", { n: at + 1 })} @click=${() => changeDraft({ riders: state.draft.riders.filter((_, other) => other !== at) })}>${icon("x")}</button>` : nothing}
    ${field(`rider-phone-${at}`, t("app.rider.phone"), rider_.phone, (text) => set({ phone: phoneTyped(text) }), { type: "tel", inputmode: "tel", maxlength: 16, required: true, placeholder: "010-0000-0000", wrong: wrong ? t("app.missing.phone") : "" })}
    ${field(`rider-name-${at}`, t("app.rider.name"), rider_.name, (name) => set({ name }), { maxlength: 40 })}
    ${field(`rider-plate-${at}`, t("app.car.plate.maybe"), rider_.plate, (plate) => set({ plate }), { maxlength: 20, placeholder: t("app.car.plate.example") })}
  </fieldset>`;
}

function whenWords() {
  const at = state.draft.reservedFor;
  return at ? t("app.when.at", { day: day(at), clock: clock(at) }) : t("app.when.now");
}

/** @param {Quote | null} quote */
function when(quote) {
  const bounds = quote?.reservation ?? { min_minutes_ahead: 40, max_days_ahead: 14 };
  const { reservedFor } = state.draft;
  const times = [{ value: "now", label: t("app.when.now") }, { value: "later", label: t("app.when.later") }];
  return html`${segments(t("app.option.when"), times, reservedFor ? "later" : "now", (one) => changeDraft({ reservedFor: one === "later" ? (reservedFor ?? wheel.first(bounds)) : null }))}
    ${reservedFor
      ? html`${wheel.view(() => state.draft.reservedFor ?? reservedFor, bounds, (chosen) => changeDraft({ reservedFor: chosen }))}
          <p class="hint">${t("app.when.bounds", { minutes: bounds.min_minutes_ahead, days: bounds.max_days_ahead })}</p>`
      : nothing}`;
}

function carWords() {
  const { carId, plate } = state.draft;
  const known = state.customer?.cars.find((one) => one.id === carId);
  return known ? `${known.plate} ${known.model}`.trim() : plate || t("app.car.none");
}

function car() {
  const cars = state.customer?.cars ?? [];
  const { carId } = state.draft;
  return html`${cars.length
      ? html`<fieldset class="choices">
          <legend class="unseen">${t("app.option.car")}</legend>
          ${cars.map((one) => html`<label class="choice"><input type="radio" name="car" .checked=${one.id === carId} @change=${() => changeDraft({ carId: one.id, plate: "" })} /><span><b>${one.plate}</b> ${one.model} <small>${t(`app.transmission.${one.transmission}`)}</small></span></label>`)}
          <label class="choice"><input type="radio" name="car" .checked=${!carId} @change=${() => changeDraft({ carId: null })} /><span>${t("app.car.other")}</span></label>
        </fieldset>`
      : nothing}
    ${carId
      ? nothing
      : field("plate", t("app.car.plate"), state.draft.plate, (plate) => changeDraft({ plate }), { maxlength: 20, placeholder: t("app.car.plate.example"), hint: t("app.car.why") })}
    <a href="/app/profile/cars">${t("app.cars.manage")}</a>`;
}

function paymentWords() {
  const account = companyAccount();
  if (account) return t("app.payer.company", { name: account.name });
  const card = defaultCard();
  return payingBy() === "card" && card ? cardName(card) : t(`app.payment.${payingBy()}`);
}

/** Each card, cash, and the way to another card: what is chosen is what will be charged. */
function payment() {
  if (companyAccount()) return html`<p class="hint">${t("app.payer.company.about")}</p>`;
  const chosen = payingBy();
  const own = state.cards?.items ?? [];
  return html`<fieldset class="choices" data-paying>
      <legend class="unseen">${t("app.option.payment")}</legend>
      ${own.map((card) => choice(cardName(card), card.is_default ? t("app.cards.default") : t("app.pay.prefers"), chosen === "card" && card.is_default, () => payBy(card)))}
      ${choice(t("app.payment.cash"), t("app.pay.cash"), chosen === "cash", () => changeDraft({ payment: "cash" }))}
    </fieldset>
    ${state.cards?.can_register ? button(t("app.cards.add"), () => registerCard("/app/request"), { glyph: "plus", wide: true, busy: isBusy("card-window") }) : nothing}`;
}

/** @param {string} name @param {string} about @param {boolean} isChosen @param {() => void} choose */
function choice(name, about, isChosen, choose) {
  return html`<label class="choice"><input type="radio" name="payment" .checked=${live(isChosen)} @change=${choose} /><span><b>${name}</b> <small>${about}</small></span></label>`;
}

/** This card from now on, for this trip and the next ones. @param {import("./types").OwnCard} card */
function payBy(card) {
  changeDraft({ payment: "card" });
  if (!card.is_default) void preferCard(card.id);
}

function businessWords() {
  const chosen = state.customer?.business.find((one) => one.id === state.draft.businessId);
  return chosen ? chosen.name : t("app.business.private");
}

function business() {
  return html`<fieldset class="choices">
    <legend class="unseen">${t("app.option.business")}</legend>
    <label class="choice"><input type="radio" name="business" .checked=${!state.draft.businessId} @change=${() => changeDraft({ businessId: null })} /><span>${t("app.business.private")}</span></label>
    ${(state.customer?.business ?? []).map(
      (one) => html`<label class="choice"><input type="radio" name="business" .checked=${one.id === state.draft.businessId} @change=${() => changeDraft({ businessId: one.id })} /><span><b>${one.name}</b> <small>${t(`app.business.pays.${one.payer}`)}</small></span></label>`,
    )}
  </fieldset>`;
}

function note() {
  const hint = `${state.draft.note.length} / ${MOST_NOTE}`;
  return area("note", t("app.note.label"), state.draft.note, (text) => changeDraft({ note: text }), { maxlength: MOST_NOTE, placeholder: t("app.note.example"), hint });
}
