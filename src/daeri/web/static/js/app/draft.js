/** PURE: the trip that is being put together, what still keeps it from being requested, and the bodies it becomes. */

/** @typedef {import("./types").Draft} Draft */
/** @typedef {import("./types").Place} Place */
/** @typedef {import("./types").Quote} Quote */
/** @typedef {import("./types").Plan} Plan */
/** @typedef {import("./types").Call} Call */

/** Where a place goes: `origin`, `destination`, or `via-0`, `via-1` … @typedef {string} Slot */

export const MOST_VIAS = 5;
export const MOST_CARS = 5;
export const STEP_WON = 1_000;

/** @returns {Draft} */
export function emptyDraft() {
  return {
    origin: null,
    vias: [],
    destination: null,
    service: "general",
    riding: "me",
    riders: [],
    reservedFor: null,
    businessId: null,
    carId: null,
    plate: "",
    payment: "card",
    note: "",
    plan: null,
    typed: null,
  };
}

/** @param {Slot} slot @returns {number | null} */
export function viaIndex(slot) {
  const found = /^via-(\d+)$/.exec(slot);
  return found ? Number(found[1]) : null;
}

/** @param {Draft} draft @param {Slot} slot @returns {Place | null} */
export function placeAt(draft, slot) {
  const via = viaIndex(slot);
  if (via !== null) return draft.vias[via] ?? null;
  return slot === "origin" ? draft.origin : draft.destination;
}

/** @param {Draft} draft @param {Slot} slot @param {Place | null} place @returns {Draft} */
export function withPlace(draft, slot, place) {
  const via = viaIndex(slot);
  if (via === null) return { ...draft, [slot === "origin" ? "origin" : "destination"]: place };
  const vias = [...draft.vias];
  vias[via] = place;
  return { ...draft, vias };
}

/** @param {Draft} draft @returns {Draft} */
export function withAnotherVia(draft) {
  return draft.vias.length < MOST_VIAS ? { ...draft, vias: [...draft.vias, null] } : draft;
}

/** @param {Draft} draft @param {number} index @returns {Draft} */
export function withoutVia(draft, index) {
  return { ...draft, vias: draft.vias.filter((_, at) => at !== index) };
}

/**
 * All stops in their order with two of them exchanged; a via may so become the origin or the destination.
 * @param {Draft} draft @param {number} index among origin, vias and destination @param {-1 | 1} by
 * @returns {Draft}
 */
export function moved(draft, index, by) {
  const stops = [draft.origin, ...draft.vias, draft.destination];
  const other = index + by;
  if (other < 0 || other >= stops.length) return draft;
  [stops[index], stops[other]] = [stops[other] ?? null, stops[index] ?? null];
  return { ...draft, origin: stops[0] ?? null, vias: stops.slice(1, -1), destination: stops.at(-1) ?? null };
}

/** The first place that is still to be chosen; null where none is. @param {Draft} draft @returns {Slot | null} */
export function nextEmpty(draft) {
  if (!draft.origin) return "origin";
  const via = draft.vias.findIndex((place) => !place);
  if (via >= 0) return `via-${via}`;
  return draft.destination ? null : "destination";
}

/** Whether a quote can be asked for. @param {Draft} draft */
export function isQuotable(draft) {
  return nextEmpty(draft) === null;
}

/** @param {Place} place */
function placeIn(place) {
  return { lat: place.lat, lon: place.lon, name: place.name.slice(0, 100) };
}

/** @param {Draft} draft @returns {string[]} */
export function optionsOf(draft) {
  const options = [];
  if (draft.riding === "several") options.push("multi");
  if (draft.riding === "another") options.push("for_another");
  if (draft.businessId) options.push("business");
  return options;
}

/** The body of POST /quotes. @param {Draft} draft */
export function quoteBody(draft) {
  if (!draft.origin || !draft.destination) throw new Error("a trip without ends has no fare");
  /** @type {Record<string, unknown>} */
  const body = {
    origin: placeIn(draft.origin),
    destination: placeIn(draft.destination),
    vias: draft.vias.flatMap((via) => (via ? [placeIn(via)] : [])),
    service: draft.service,
  };
  const options = optionsOf(draft);
  if (options.length) body.options = options;
  if (draft.reservedFor) body.reserved_for = draft.reservedFor;
  return body;
}

/** The body of POST /calls. @param {Draft} draft @param {{ plan: string, amount: number | null }} chosen */
export function callBody(draft, chosen) {
  /** @type {Record<string, unknown>} */
  const body = { ...quoteBody(draft), payment: draft.payment, fare_plan: chosen.plan };
  // The amount that was seen: a fare that has changed since is refused, and not charged.
  if (chosen.amount !== null && chosen.plan !== "meter") body.fare_amount = chosen.amount;
  if (draft.note.trim()) body.note = draft.note.trim();
  if (draft.businessId) body.business_account_id = draft.businessId;
  if (draft.riding === "me") {
    if (draft.carId) body.car_id = draft.carId;
    else if (draft.plate.trim()) body.car = { plate: draft.plate.trim() };
  } else {
    body.riders = ridersOf(draft).map(riderIn);
  }
  return body;
}

/** The riders that the chosen way of riding has. @param {Draft} draft */
export function ridersOf(draft) {
  return draft.riding === "several" ? draft.riders : draft.riding === "another" ? draft.riders.slice(0, 1) : [];
}

/** @param {{ name: string, phone: string, plate: string }} rider */
function riderIn(rider) {
  return {
    phone: rider.phone.trim(),
    ...(rider.name.trim() ? { name: rider.name.trim() } : {}),
    ...(rider.plate.trim() ? { car: { plate: rider.plate.trim() } } : {}),
  };
}

/** Whether it could be a Korean telephone number. @param {string} text */
export function isPhone(text) {
  return /^(0\d{8,10}|\+?82\d{8,10})$/.test(text.replace(/[\s-]/g, ""));
}

/**
 * How somebody writes their number: digits in groups.
 * @param {string} text
 */
export function phoneTyped(text) {
  const digits = text.replace(/\D/g, "").slice(0, 11);
  if (digits.length < 4) return digits;
  if (digits.length < 8) return `${digits.slice(0, 3)}-${digits.slice(3)}`;
  return `${digits.slice(0, 3)}-${digits.slice(3, -4)}-${digits.slice(-4)}`;
}

/**
 * The fare plans to choose from; a server that knows only the calculator still gives two.
 * @param {Quote} quote @returns {Plan[]}
 */
export function plansOf(quote) {
  if (quote.plans?.length) return quote.plans;
  return [
    { plan: "calculator", amount: quote.amount, chance: "fair", is_default: true, reason: null },
    { plan: "typed", amount: null, chance: "fair", is_default: false, reason: null },
  ];
}

/** @param {Draft} draft @param {Quote} quote @returns {Plan} */
export function chosenPlan(draft, quote) {
  const plans = plansOf(quote);
  const chosen = plans.find((one) => one.plan === draft.plan) ?? plans.find((one) => one.is_default) ?? plans[0];
  if (!chosen) throw new Error("a quote without fare plans");
  return chosen.plan === "typed" ? { ...chosen, amount: draft.typed ?? typedStart(quote) } : chosen;
}

/** What a typed fare begins with: the recommended one, to whole thousands. @param {Quote} quote */
export function typedStart(quote) {
  const offered = plansOf(quote).find((one) => one.is_default)?.amount ?? quote.amount;
  return clamped(Math.round(offered / STEP_WON) * STEP_WON, quote);
}

/** @param {number} won @param {Quote} quote */
export function clamped(won, quote) {
  const { floor, ceiling } = typedBounds(quote);
  return Math.min(ceiling, Math.max(floor, won));
}

/** @param {Quote} quote */
export function typedBounds(quote) {
  return { floor: quote.typed?.floor_won ?? 5_000, ceiling: quote.typed?.ceiling_won ?? 1_000_000 };
}

/** Whether the typed fare lies within floor and ceiling. @param {number | null} won @param {Quote} quote */
export function isFareAllowed(won, quote) {
  const { floor, ceiling } = typedBounds(quote);
  return won !== null && Number.isInteger(won) && won >= floor && won <= ceiling;
}

/**
 * What a fare means for the chance of a driver.
 * @param {number} won @param {Quote} quote @returns {import("./types").Chance}
 */
export function chanceOf(won, quote) {
  const low = quote.typed?.low_below_won ?? Math.round(quote.amount * 0.9);
  if (won < low) return "low";
  const good = plansOf(quote).find((one) => one.plan === "recommended")?.amount ?? quote.amount;
  return won >= good ? "good" : "fair";
}

/**
 * What keeps this trip from being requested, as the last part of a key of words; null where nothing does.
 * @param {Draft} draft @param {Quote | null} quote
 * @returns {"origin" | "via" | "destination" | "riders" | "phone" | "fare" | "quote" | null}
 */
export function missing(draft, quote) {
  const slot = nextEmpty(draft);
  if (slot) return viaIndex(slot) === null ? (slot === "origin" ? "origin" : "destination") : "via";
  const riders = ridersOf(draft);
  if (draft.riding === "several" && riders.length < 2) return "riders";
  if (draft.riding !== "me" && (!riders.length || !riders.every((rider) => isPhone(rider.phone)))) return "phone";
  if (!quote) return "quote";
  const chosen = chosenPlan(draft, quote);
  return chosen.plan === "typed" && !isFareAllowed(chosen.amount, quote) ? "fare" : null;
}

/** The same trip again, but for how it is paid: there may be a card since then. @param {Call} call @returns {Draft} */
export function draftOf(call) {
  return {
    ...emptyDraft(),
    origin: call.origin,
    vias: [...call.vias],
    destination: call.destination,
    service: call.service,
    plate: call.car?.plate ?? "",
  };
}
