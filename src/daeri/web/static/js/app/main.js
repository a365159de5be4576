/** The customer app: who is here, what runs, and which screen is shown. */

import { me, onSignedOut } from "../phone/client.js";
import { follow } from "../phone/live.js";
import { empty, places } from "../phone/parts.js";
import { redraw, replace, start } from "../phone/router.js";
import { enter } from "../phone/sign_in.js";
import { html, icon, nothing, render, t } from "../phone/view.js";
import { calls as readCalls, cancellations, customer, notices } from "./api.js";
import { callScreen } from "./call.js";
import { cancellationsScreen } from "./cancellations.js";
import { cardReturnScreen, cardsScreen, readCardsAgain } from "./cards.js";
import { head } from "./bits.js";
import { lookQuietly } from "./here.js";
import { historyScreen } from "./history.js";
import { homeScreen } from "./home.js";
import { carsScreen, newPlaceScreen, placesScreen } from "./kept.js";
import { lostScreen } from "./lost.js";
import { noticesScreen } from "./notices.js";
import { billsScreen, readOwedAgain } from "./paying.js";
import { pickScreen } from "./pick.js";
import { businessScreen, profileScreen } from "./profile.js";
import { requestScreen } from "./request.js";
import { searchScreen } from "./search.js";
import { newScene, stage } from "./stage.js";
import { applied, running, withCall } from "./states.js";
import { callsBefore, change, forget, onChange, state } from "./store.js";

/** @typedef {import("./types").Screen} Screen */

const RECENT_CALLS = 20;
const TABS = /** @type {const} */ ([
  ["/app", "house", "home"],
  ["/app/calls", "history", "history"],
  ["/app/profile", "user", "profile"],
]);

/** @type {Record<string, (params: Record<string, string>) => Screen>} */
const SCREENS = {
  "": homeScreen,
  "search/:slot": ({ slot = "destination" }) => searchScreen(slot),
  "pick/:slot": ({ slot = "destination" }) => pickScreen(slot),
  request: requestScreen,
  calls: historyScreen,
  "calls/:id": ({ id = "" }) => callScreen(id),
  "calls/:id/lost": ({ id = "" }) => lostScreen(id),
  cancellations: cancellationsScreen,
  cards: cardsScreen,
  "cards/return": cardReturnScreen,
  bills: billsScreen,
  notices: noticesScreen,
  profile: profileScreen,
  "profile/cars": carsScreen,
  "profile/places": placesScreen,
  "profile/places/new": newPlaceScreen,
  "profile/business": businessScreen,
};

const root = document.getElementById("app") ?? document.body;
root.classList.add("app");
const mapHost = Object.assign(document.createElement("div"), { className: "app-map" });
const canvas = Object.assign(document.createElement("div"), { className: "app-map-canvas" });
const panel = Object.assign(document.createElement("div"), { className: "app-panel" });
const banner = Object.assign(document.createElement("div"), { className: "app-banner" });
mapHost.append(canvas, Object.assign(document.createElement("i"), { className: "centre-pin" }));

/** @type {Screen | null} */
let current = null;

/** A screen as the router wants it: with the place of the map, the tabs, and the first thing to focus. @param {(params: Record<string, string>) => Screen} make */
function framed(make) {
  return (/** @type {Record<string, string>} */ params) => {
    newScene();
    const screen = make(params);
    current = screen;
    queueMicrotask(begun);
    return {
      title: screen.title,
      leave: () => screen.leave?.(),
      draw: () => {
        dress(screen);
        return html`<main class="app-main" id="main" tabindex="-1">${screen.draw()}</main>${screen.hasTabs ? tabs() : nothing}`;
      },
    };
  };
}

/** A screen begins at its top, and at the field that it is for. */
function begun() {
  panel.querySelector(".app-main")?.scrollTo(0, 0);
  const field = panel.querySelector("[data-focus]");
  if (field instanceof HTMLElement) field.focus();
}

/** What the screen needs around it. @param {Screen} screen */
function dress(screen) {
  const scene = screen.scene?.() ?? {};
  root.classList.toggle("has-map", Boolean(screen.hasMap));
  root.classList.toggle("has-pin", Boolean(scene.isPinned));
  if (screen.hasMap || matchMedia("(min-width: 56rem)").matches) stage(canvas, scene);
}

function tabs() {
  const all = TABS.map(([href, glyph, name]) => ({ href, glyph, text: t(`app.tab.${name}`) }));
  return places(t("app.tabs"), all, location.pathname);
}

/** Offline, or the stream is away: said once, above everything. */
function drawBanner() {
  const isAway = !state.isOnline || state.live === "lost";
  const words = state.isOnline ? t("app.live.lost") : t("app.offline");
  render(html`<p role="status" ?hidden=${!isAway} data-offline>${icon("wifi-off")}<span>${isAway ? words : ""}</span></p>`, banner);
}

async function readEverything() {
  const [who, past, counted, told] = await Promise.all([
    customer().catch(() => null),
    readCalls({ limit: RECENT_CALLS }).catch(() => null),
    cancellations().catch(() => null),
    notices().catch(() => null),
    readCardsAgain(),
    readOwedAgain(),
  ]);
  change({
    customer: who ?? state.customer ?? nobody(),
    past: past?.items ?? state.past,
    cancellations: counted ?? state.cancellations,
    notices: told?.items ?? state.notices,
    known: (past?.items ?? []).reduce(withCall, state.known),
  });
}

/** What is known of the customer when the server has no more. */
function nobody() {
  const account = me()?.account;
  return { id: account?.id ?? "", name: account?.name ?? "", phone_masked: "", favourites: [], cars: [], business: [] };
}

/** A change of a call's state is said aloud, and felt. @param {import("./types").Call} call */
function announce(call) {
  const before = state.known.calls.get(call.id);
  if (!before || before.state === call.state) return;
  if (call.state === "assigned" || call.state === "arrived") navigator.vibrate?.(200);
  if (location.pathname.endsWith(call.id)) panel.querySelector(".app-main")?.scrollTo(0, 0);
  const said = document.querySelector("[data-said]");
  if (said) said.textContent = t(`app.call.${call.state}`);
}

function listen() {
  /** @param {string} name */
  const hear = (name) => (/** @type {any} */ data) => {
    if (name === "call") announce(data);
    if (name === "bill") void readOwedAgain();
    change({ known: applied(state.known, name, data), isKnown: true });
  };
  const names = ["snapshot", "call", "position", "progress", "bill"];
  follow("/live/calls", Object.fromEntries(names.map((name) => [name, hear(name)])), (live) => {
    const isBack = state.live === "lost" && live === "live";
    change({ live });
    if (isBack) void readEverything();
    if (live === "signed_out") location.reload();
  });
}

/** At the very beginning a call that runs is the first thing that is shown. @returns {boolean} whether one is */
function showRunning() {
  const [urgent] = running(state.known).filter((call) => call.state !== "reserved");
  if (urgent && location.pathname === "/app") replace(`/app/calls/${urgent.id}`);
  return Boolean(urgent);
}

/** Links that exchange the screen instead of leading on. @param {MouseEvent} event */
function exchange(event) {
  const link = event.target instanceof Element ? event.target.closest("a[data-replace]") : null;
  if (!(link instanceof HTMLAnchorElement) || event.metaKey || event.ctrlKey || event.button !== 0) return;
  event.preventDefault();
  replace(link.pathname);
}

function open() {
  change({ known: callsBefore().reduce(withCall, state.known) });
  document.addEventListener("click", exchange, true);
  onChange(() => {
    drawBanner();
    current?.heard?.();
    redraw();
  });
  addEventListener("online", () => change({ isOnline: true }));
  addEventListener("offline", () => change({ isOnline: false }));
  const routes = Object.fromEntries(Object.entries(SCREENS).map(([pattern, make]) => [pattern, framed(make)]));
  start(panel, routes, framed(missingScreen));
  const isShown = showRunning();
  listen();
  // Whoever has gone home from it meanwhile stays there.
  void readEverything().then(() => isShown || showRunning());
  void lookQuietly();
}

/** @returns {Screen} */
function missingScreen() {
  return {
    title: () => t("app.missing"),
    draw: () => html`${head(t("app.missing"), { home: true })}${empty(t("app.missing.about"), { glyph: "circle-question-mark", action: html`<a class="button primary" href="/app">${t("app.to_home")}</a>` })}`,
  };
}

async function begin() {
  const said = Object.assign(document.createElement("p"), { className: "unseen" });
  said.setAttribute("role", "status");
  said.dataset.said = "";
  root.replaceChildren(banner, mapHost, panel, said);
  await enter(panel);
  onSignedOut(forget);
  open();
}

void begin();
