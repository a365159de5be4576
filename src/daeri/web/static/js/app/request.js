/** The request: what it will be, what it costs, and one button that says what will happen. */

import { clock, day, html, icon, nothing, t, won } from "../phone/view.js";
import { replace } from "../phone/router.js";
import { command, quote as askQuote, sentence, shortage } from "./api.js";
import { segments, skeleton } from "../phone/parts.js";
import { head, isBusy, length, nameOf } from "./bits.js";
import { cardName, companyAccount, defaultCard, payingBy, readCardsAgain } from "./cards.js";
import { callBody, chosenPlan, emptyDraft, isQuotable, missing, nextEmpty, quoteBody } from "./draft.js";
import { options } from "./request_options.js";
import { plans } from "./request_plans.js";
import { withCall } from "./states.js";
import { change, changeDraft, redraw, state } from "./store.js";

/** @typedef {import("./types").Quote} Quote */
/** @typedef {import("./types").Place} Place */

const SERVICES = /** @type {const} */ (["general", "vip", "tailored", "delivery"]);
const PAUSE_MS = 150;

/** @returns {import("./types").Screen} */
export function requestScreen() {
  /** @type {Quote | null} */
  let quote = null;
  let asked = 0;
  let askedFor = "";
  /** What the present quote is for: the button waits for the quote of what is chosen now. */
  let quotedFor = "";
  let failure = "";
  /** @type {{ level: string, reason: string | null } | null} */
  let scarce = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let pause;

  /** Ask for the fare again whenever what it depends on has changed. */
  function heard() {
    if (!isQuotable(state.draft)) return;
    const body = JSON.stringify(quoteBody(state.draft));
    if (body === askedFor) return;
    askedFor = body;
    clearTimeout(pause);
    pause = setTimeout(() => ask(body), quote ? PAUSE_MS : 0);
  }

  /** @param {string} body */
  async function ask(body) {
    const mine = ++asked;
    try {
      const answer = await askQuote(JSON.parse(body));
      if (mine !== asked) return;
      [quote, quotedFor, failure] = [answer, body, ""];
    } catch (problem) {
      if (mine !== asked) return;
      [quote, quotedFor, failure] = [null, "", sentence(problem)];
    }
    redraw();
  }

  /** The quote of what is chosen now; null while it is being asked for. */
  function present() {
    return isQuotable(state.draft) && quotedFor === JSON.stringify(quoteBody(state.draft)) ? quote : null;
  }

  function again() {
    askedFor = "";
    heard();
  }

  async function request() {
    const quoted = present();
    if (!quoted || missing(state.draft, quoted) || missingMoney(quoted)) return;
    const body = callBody({ ...state.draft, payment: payingBy() }, chosenPlan(state.draft, quoted));
    const made = await command("request", "/calls", body);
    // A fare that has changed meanwhile is shown before it is asked for again.
    if (!made) {
      void readCardsAgain(); // one may have been removed elsewhere
      return again();
    }
    change({ known: withCall(state.known, made), draft: { ...emptyDraft(), origin: state.draft.origin, payment: state.draft.payment } });
    replace(`/app/calls/${made.id}`);
  }

  async function lookAround() {
    if (!state.draft.origin) return;
    scarce = await shortage(state.draft.origin).catch(() => null);
    redraw();
  }

  function button() {
    const quoted = present();
    const lacks = missing(state.draft, quoted) ?? missingMoney(quoted);
    const until = state.cancellations?.restricted_until;
    const restricted = Boolean(until);
    return html`<footer class="bottom-bar">
      <p class="foot-note" role="status">${lacks && lacks !== "quote" ? t(`app.missing.${lacks}`) : until ? t("app.restricted.until", { day: day(until), clock: clock(until) }) : payer(quoted)}</p>
      <button type="button" class="button primary wide tall" data-request ?disabled=${Boolean(lacks) || restricted || isBusy("request") || !state.isOnline} @click=${request}>
        ${isBusy("request") ? t("app.request.sending") : buttonWords(quoted)}
      </button>
    </footer>`;
  }

  heard();
  void lookAround();
  return {
    title: () => t("app.request.title"),
    hasMap: true,
    heard,
    leave: () => {
      clearTimeout(pause);
      asked++;
    },
    scene: () => ({ here: state.here, places: stopsOf(state.draft), line: quote?.route ?? straight(state.draft), frame: `request-${askedFor}-${Boolean(quote?.route)}` }),
    draw: () => {
      if (!isQuotable(state.draft)) {
        queueMicrotask(() => replace(`/app/search/${nextEmpty(state.draft) ?? "destination"}`));
        return skeleton();
      }
      return html`
        ${head(t("app.request.title"))}
        <div class="scroll pad stack">
          ${claim(quote)} ${trip(quote)} ${scarcity(quote, scarce)} ${services()}
          ${failure
            ? html`<div class="notice" data-kind="bad" role="alert">${icon("circle-alert")}<span>${failure}</span></div>
                <button type="button" class="button plain wide" @click=${again}>${t("app.again")}</button>`
            : quote
              ? plans(quote)
              : skeleton(4)}
          ${options(quote)} ${waitingRules(quote)}
        </div>
        ${button()}
      `;
    },
  };
}

/** @param {Quote | null} quote */
function buttonWords(quote) {
  if (!quote) return t("app.request.calculating");
  const { draft } = state;
  const { plan, amount } = chosenPlan(draft, quote);
  const fare = plan === "meter" || amount === null ? t("app.plan.meter") : won(amount);
  if (draft.riding === "several") return t("app.request.several", { n: draft.riders.length, fare });
  if (draft.reservedFor) return t("app.request.reserve", { day: day(draft.reservedFor), clock: clock(draft.reservedFor), fare });
  if (draft.service === "delivery") return t("app.request.delivery", { fare });
  return t("app.request.now", { fare });
}

/** What of money stands against the request. @param {Quote | null} quote */
function missingMoney(quote) {
  if (quote?.paying?.claim) return "claim";
  const needsCard = quote?.paying?.is_card_needed && payingBy() === "card" && !companyAccount();
  return needsCard && !(state.cards ? state.cards.items.length : quote?.paying?.card) ? "card" : null;
}

/** Who pays, how, and what will be charged to which card. @param {Quote | null} quote */
function payer(quote) {
  const account = companyAccount();
  if (account) return t("app.payer.company", { name: account.name });
  const { plan, amount } = quote ? chosenPlan(state.draft, quote) : { plan: null, amount: null };
  const fare = plan === "meter" || amount === null ? t("app.plan.meter") : won(amount);
  const card = state.cards ? defaultCard() : (quote?.paying?.card ?? null);
  if (payingBy() === "cash") return t("app.pay.will.cash", { fare });
  return card ? t("app.pay.will.card", { fare, card: cardName(card) }) : t("app.pay.no_card");
}

/** An unpaid ride comes first: said where one would ask for the next. @param {Quote | null} quote */
function claim(quote) {
  const found = quote?.paying?.claim;
  if (!found) return nothing;
  return html`<a class="notice" data-kind="bad" data-claim href="/app/bills">${icon("circle-alert")}<span>${t("app.request.claim", { amount: won(found.amount) })}</span></a>`;
}

/** @param {Quote | null} quote */
function trip(quote) {
  const { origin, vias, destination } = state.draft;
  const stops = [origin, ...vias, destination].filter((place) => place !== null);
  return html`<section class="trip" aria-label=${t("app.request.trip")}>
    <ol class="way-list">
      ${stops.map((place, at) => {
        const kind = at === 0 ? "origin" : at === stops.length - 1 ? "destination" : "via";
        const slot = kind === "via" ? `via-${at - 1}` : kind;
        return html`<li data-stop=${kind}><a href=${`/app/search/${slot}`}>${nameOf(place)}<span class="unseen"> ${t(`app.slot.${kind}`)}, ${t("app.change")}</span></a></li>`;
      })}
    </ol>
    <p class="hint">${quote ? length(quote.distance_m, quote.duration_s) : t("app.request.calculating")}</p>
  </section>`;
}

/** @param {Quote | null} quote @param {{ level: string, reason: string | null } | null} around */
function scarcity(quote, around) {
  const level = around?.level ?? quote?.shortage ?? "none";
  if (level !== "tight" && level !== "short") return nothing;
  const why = around?.reason === "weather" ? "weather" : "volume";
  return html`<div class="notice" data-kind="warn" role="status">${icon(why === "weather" ? "cloud-rain" : "users")}<span>${t(`app.shortage.${level}`)} ${t(`app.shortage.why.${why}`)}</span></div>`;
}

/** What waiting will cost, said before it is asked for. @param {Quote | null} quote */
function waitingRules(quote) {
  const rules = quote?.waiting;
  if (!rules) return nothing;
  const { free_min: free, per_min_won: perMinute, no_show_after_min: after, no_show_fee_won: fee } = rules;
  return html`<p class="hint" data-waiting-rules>
    ${perMinute ? t("app.rules.waiting", { free, fare: won(perMinute) }) : nothing} ${fee ? t("app.rules.no_show", { minutes: after, fare: won(fee) }) : nothing}
  </p>`;
}

function services() {
  const chosen = state.draft.service;
  return html`<section class="services">
    <h2 class="small-title">${t("app.service")}</h2>
    ${segments(t("app.service"), SERVICES.map((value) => ({ value, label: t(`app.service.${value}`) })), chosen, (one) => changeDraft({ service: SERVICES.find((each) => each === one) ?? "general" }))}
    <p class="hint">${t(`app.service.${chosen}.about`)}</p>
  </section>`;
}

/** @param {{ origin: Place | null, vias: (Place | null)[], destination: Place | null }} trip @returns {NonNullable<import("./types").Scene["places"]>} */
export function stopsOf({ origin, vias, destination }) {
  /** @type {NonNullable<import("./types").Scene["places"]>} */
  const found = [];
  if (origin) found.push({ place: origin, kind: "origin" });
  for (const via of vias) if (via) found.push({ place: via, kind: "via" });
  if (destination) found.push({ place: destination, kind: "destination" });
  return found;
}

/** @param {{ origin: Place | null, vias: (Place | null)[], destination: Place | null }} trip @returns {[number, number][]} */
export function straight({ origin, vias, destination }) {
  return [origin, ...vias, destination].flatMap((place) => (place ? [/** @type {[number, number]} */ ([place.lat, place.lon])] : []));
}

