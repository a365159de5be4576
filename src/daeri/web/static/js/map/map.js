/** The map: drivers as points by status, calls as points with a line to where they go. */

import { config, one, t } from "../words.js";
import { STATUS_NAMES } from "../live/state.js";
import { DIAMOND, FONT, basemap, diamond, layers } from "./style.js";

/** @typedef {import("../types").LiveState} LiveState */
/** @typedef {import("../types").LiveCall} LiveCall */
/** @typedef {import("../types").DriverColumns} DriverColumns */
/** @typedef {import("../types").Driver} Driver */
/** @typedef {import("./maplibre").GLMap} GLMap */

/** Seoul and its surroundings. @type {[[number, number], [number, number]]} */
export const SEOUL = [
  [126.76, 37.42],
  [127.19, 37.7],
];
const SOURCES = ["courses", "drivers", "destinations", "calls"];
const NOTHING = { type: "FeatureCollection", features: [] };

/**
 * Make the map in `element`; null, with words in its place, where the browser cannot draw one.
 * @param {HTMLElement} element
 * @param {[[number, number], [number, number]]} bounds
 * @returns {Promise<GLMap | null>}
 */
export async function openMap(element, bounds) {
  const library = globalThis.maplibregl;
  if (!library) return failed(element);
  // The map draws letters itself, once: they must be here before it begins.
  await document.fonts.load(`12px "${FONT}"`, "가").catch(() => []);
  library.setWorkerUrl(config.mapWorker);
  try {
    const map = new library.Map({
      container: element,
      style: basemap(),
      bounds,
      fitBoundsOptions: { padding: 24 },
      attributionControl: config.basemap.style_url ? { compact: true } : false,
      dragRotate: false,
      renderWorldCopies: false,
      fadeDuration: 0,
      localIdeographFontFamily: `"${FONT}", sans-serif`,
      pitchWithRotate: false,
      locale: {
        "NavigationControl.ZoomIn": t("js.map.zoom_in"),
        "NavigationControl.ZoomOut": t("js.map.zoom_out"),
        "Map.Title": t("js.map.title"),
      },
    });
    map.addControl(new library.NavigationControl({ showCompass: false }), "top-right");
    return await new Promise((resolve) => {
      map.once("style.load", () => {
        furnish(map);
        element.dataset.ready = "";
        resolve(map);
      });
    });
  } catch {
    return failed(element);
  }
}

/** @param {HTMLElement} element @returns {null} */
function failed(element) {
  one("[data-map-failed]", element.parentElement ?? document).hidden = false;
  return null;
}

/** @param {GLMap} map */
function furnish(map) {
  map.addImage(DIAMOND, diamond(), { sdf: true });
  for (const id of SOURCES) map.addSource(id, { type: "geojson", data: NOTHING });
  for (const layer of layers()) map.addLayer(layer);
  repaintWithTheme(map);
}

/** Paint anew when the system goes from light to dark or back. @param {GLMap} map */
function repaintWithTheme(map) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    const style = basemap();
    const under = typeof style === "string" ? [] : style.layers;
    for (const layer of [...under, ...layers()]) {
      for (const [name, value] of Object.entries(layer.paint)) map.setPaintProperty(layer.id, name, value);
    }
  });
}

/** @param {number} slot @param {Driver} driver */
function driverFeature(slot, driver) {
  return {
    type: "Feature",
    id: slot,
    geometry: { type: "Point", coordinates: [driver.lon, driver.lat] },
    properties: { status: driver.status, name: driver.name },
  };
}

/** @param {GLMap} map @param {LiveState} state */
export function drawAllDrivers(map, state) {
  const features = [...state.drivers].map(([slot, driver]) => driverFeature(slot, driver));
  map.getSource("drivers")?.setData({ type: "FeatureCollection", features });
}

/**
 * Draw only the slots that an event named.
 * @param {GLMap} map @param {LiveState} state @param {number[]} slots
 */
export function drawDrivers(map, state, slots) {
  const add = [];
  const remove = [];
  for (const slot of slots) {
    const driver = state.drivers.get(slot);
    if (driver) add.push(driverFeature(slot, driver));
    else remove.push(slot);
  }
  map.getSource("drivers")?.updateData({ add, remove });
}

/** @param {GLMap} map @param {Iterable<LiveCall>} calls */
export function drawCalls(map, calls) {
  /** @type {object[]} */ const points = [];
  /** @type {object[]} */ const ends = [];
  /** @type {object[]} */ const courses = [];
  for (const call of calls) {
    const from = [call.origin.lon, call.origin.lat];
    const to = [call.destination.lon, call.destination.lat];
    const properties = { id: call.id, number: call.number, state: call.state };
    points.push({ type: "Feature", properties, geometry: { type: "Point", coordinates: from } });
    ends.push({ type: "Feature", properties, geometry: { type: "Point", coordinates: to } });
    courses.push({ type: "Feature", properties, geometry: { type: "LineString", coordinates: [from, to] } });
  }
  const collect = (/** @type {object[]} */ features) => ({ type: "FeatureCollection", features });
  map.getSource("calls")?.setData(collect(points));
  map.getSource("destinations")?.setData(collect(ends));
  map.getSource("courses")?.setData(collect(courses));
}

/**
 * Show where the company works: its drivers but the outermost few, so that one who strayed does not shrink the rest.
 * @param {GLMap} map @param {LiveState} state
 */
export function showWorkplace(map, state) {
  const drivers = [...state.drivers.values()];
  const lats = drivers.map((driver) => driver.lat).sort((a, b) => a - b);
  const lons = drivers.map((driver) => driver.lon).sort((a, b) => a - b);
  const low = Math.floor(drivers.length * 0.015);
  const high = drivers.length - 1 - low;
  const [west, east, south, north] = [lons[low], lons[high], lats[low], lats[high]];
  if (west === undefined || east === undefined || south === undefined || north === undefined) return;
  map.fitBounds([[west, south], [east, north]], { padding: 48, maxZoom: 14, animate: false });
}

/** Ring one call, or none. @param {GLMap} map @param {string} id */
export function choose(map, id) {
  map.setFilter("chosen", ["==", ["get", "id"], id]);
}

/** Say who or what a point is when it is clicked. @param {GLMap} map */
export function answerClicks(map) {
  const library = globalThis.maplibregl;
  if (!library) return;
  const popup = new library.Popup({ closeButton: false, maxWidth: "16rem" });
  for (const layer of ["drivers", "calls"]) {
    map.on("mouseenter", layer, () => (map.getCanvas().style.cursor = "pointer"));
    map.on("mouseleave", layer, () => (map.getCanvas().style.cursor = ""));
  }
  map.on("click", ["drivers", "calls"], (event) => {
    const feature = event.features?.at(-1);
    if (!feature) return;
    const words = "number" in feature.properties ? callWords(feature.properties) : driverWords(feature.properties);
    popup.setLngLat(feature.geometry.coordinates).setDOMContent(words).addTo(map);
  });
}

/** @param {Record<string, unknown>} properties */
function driverWords(properties) {
  const words = document.createElement("div");
  const name = document.createElement("b");
  name.textContent = String(properties.name || t("js.map.driver"));
  words.append(name, t(`driver.status.${STATUS_NAMES[Number(properties.status)] ?? "idle"}`));
  return words;
}

/** @param {Record<string, unknown>} properties */
function callWords(properties) {
  const words = document.createElement("div");
  const link = document.createElement("a");
  link.href = `/console/calls/${properties.id}`;
  link.className = "number";
  link.textContent = String(properties.number);
  words.append(link, ` ${t(`call.state.${properties.state}`)}`);
  return words;
}
