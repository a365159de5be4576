/** The driver app: begins the session, keeps socket, positions and outbox going, and draws the frame around screens. */

import { go, redraw, start } from "../phone/router.js";
import { enter } from "../phone/sign_in.js";
import { places } from "../phone/parts.js";
import { html, render, t } from "../phone/view.js";
import { refresh } from "./actions.js";
import { ring } from "./alarm.js";
import { keepAwake } from "./awake.js";
import { drawCard } from "./card_sheet.js";
import { account } from "./config.js";
import { forgetTruth, keepTruth, keptTruth } from "./kept.js";
import { watchMeter } from "./meter.js";
import { strip } from "./parts.js";
import { start as startPositions, stop as stopPositions } from "./positions.js";
import { listen } from "./queue.js";
import { missing, routes } from "./routes.js";
import * as socket from "./socket.js";
import { change, learn, now, onChange, shownState } from "./store.js";

const TICK_MS = 250;
const RETRY_MS = 3_000;
const HOME = "/drive";

const root = /** @type {HTMLElement} */ (document.querySelector("#app"));

/** What the last drawing knew, to see what is new. */
const seen = {
  call: "",
  state: "",
  ended: "",
  offers: /** @type {Set<string>} */ (new Set()),
  kept: /** @type {import("./types").Truth | null} */ (null),
};

async function begin() {
  await enter(root);
  render(frame(), root);
  listen(refresh);
  onChange(changed);
  start(/** @type {HTMLElement} */ (root.querySelector("#main")), routes, missing);
  await firstTruth();
  socket.open({ welcomed: () => void refresh().catch(() => {}), signedOut: signedOut });
  watchMeter();
  setInterval(tick, TICK_MS);
  addEventListener("popstate", drawFrame);
}

/** The truth, or what this phone heard last, until somebody answers. */
async function firstTruth() {
  try {
    await refresh();
  } catch {
    const kept = keptTruth(account().id);
    if (kept) {
      change({ link: { status: "lost", since: kept.at } });
      learn(kept.truth);
    }
    setTimeout(() => now().link.status !== "live" && void firstTruth(), RETRY_MS);
  }
}

function signedOut() {
  forgetTruth();
  location.reload();
}

/** The places that screens and bars are drawn in; they stay. */
function frame() {
  return html`<div class="drive-app">
    <header class="drive-top" id="drive-top"></header>
    <main id="main" class="drive-main" tabindex="-1"></main>
    <div id="drive-tabs"></div>
  </div>`;
}

function changed() {
  const { truth } = now();
  notice();
  const isWorking = truth?.duty === "on" || Boolean(truth?.call);
  keepAwake(isWorking);
  if (isWorking) startPositions();
  else if (now().gps.status !== "off" && !now().busy) stopPositions();
  if (truth && truth !== seen.kept) keepTruth(account().id);
  seen.kept = truth;
  redraw();
  drawFrame();
}

/** A new card rings; a new call and the end of one bring the driver to where it is shown. */
function notice() {
  const { truth, ended } = now();
  const offers = new Set(truth?.offers.map((card) => card.offer_id ?? "") ?? []);
  if ([...offers].some((id) => !seen.offers.has(id))) ring();
  seen.offers = offers;
  const call = truth?.call?.id ?? "";
  const over = ended?.id ?? "";
  const isNews = (call && call !== seen.call) || (over && over !== seen.ended);
  const isFirst = !seen.call && !seen.ended && !over;
  const shown = truth?.call ? shownState(truth.call) : "";
  if (shown !== seen.state) scrollTo(0, 0); // what is new stands at the top
  seen.state = shown;
  seen.call = call;
  seen.ended = over;
  if (isNews && !(isFirst && location.pathname !== HOME && !truth?.call) && location.pathname !== HOME) go(HOME);
}

function drawFrame() {
  const state = now();
  const top = document.querySelector("#drive-top");
  const tabs = document.querySelector("#drive-tabs");
  if (top instanceof HTMLElement) render(strip(state), top);
  if (tabs instanceof HTMLElement) render(tabBar(state.truth?.listed?.length ?? 0), tabs);
  drawCard(state);
}

/** @param {number} listed */
function tabBar(listed) {
  const [, , first = ""] = location.pathname.split("/");
  const here = ["list", "earnings"].includes(first) ? `${HOME}/${first}` : first ? `${HOME}/me` : HOME;
  return places(
    t("drive.tabs"),
    [
      { href: HOME, glyph: "navigation", text: t("drive.tab.call") },
      { href: `${HOME}/list`, glyph: "list", text: t("drive.tab.list"), count: listed },
      { href: `${HOME}/earnings`, glyph: "wallet", text: t("drive.tab.earnings") },
      { href: `${HOME}/me`, glyph: "menu", text: t("drive.tab.me") },
    ],
    here,
  );
}

let ticks = 0;

/** What counts is drawn as it counts: a card four times a second, everything else once. */
function tick() {
  drawCard(now());
  if (++ticks % 4) return;
  drawFrame();
  if (location.pathname === HOME) redraw();
}

void begin();
