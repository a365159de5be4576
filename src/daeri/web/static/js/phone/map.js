/** A map for a telephone: the library is fetched when the first map is opened, and never before. */

import { FONT, basemap, colour } from "../map/style.js";
import { page } from "./page.js";
import { t } from "../words.js";

/** @typedef {import("./types").LatLon} LatLon */
/** @typedef {import("./types").MapMarks} MapMarks */
/** @typedef {import("./maplibre").PhoneGL} PhoneGL */
/** @typedef {import("./maplibre").PhoneLibrary} PhoneLibrary */
/** @typedef {import("./maplibre").Marker} Marker */

/** Seoul's middle, for who has no place yet. */
export const SEOUL = { lat: 37.5563, lon: 126.9907 };
const ZOOM = 15.5;
const PADDING = 48;
const ROUTE = "route";

/** @type {Promise<PhoneLibrary | null> | null} */
let library = null;

/** The library; null where it cannot be fetched, to be asked again. */
function load() {
  library ??= fetched().then((found) => {
    if (!found) library = null;
    return found;
  });
  return library;
}

/** @returns {Promise<PhoneLibrary | null>} */
async function fetched() {
  const styles = document.createElement("link");
  Object.assign(styles, { rel: "stylesheet", href: page.mapStyles });
  const script = document.createElement("script");
  script.src = page.mapScript;
  const loaded = [styles, script].map((element) => new Promise((resolve) => {
    element.addEventListener("load", () => resolve(true));
    element.addEventListener("error", () => resolve(false));
  }));
  document.head.append(styles, script);
  const [, hasScript] = await Promise.all(loaded);
  const found = /** @type {PhoneLibrary | undefined} */ (/** @type {unknown} */ (globalThis.maplibregl));
  if (!hasScript || !found) {
    styles.remove();
    script.remove();
    return null;
  }
  found.setWorkerUrl(page.mapWorker);
  // The map draws letters itself, once: they must be here before it begins.
  await document.fonts.load(`12px "${FONT}"`, "가").catch(() => []);
  return found;
}

/**
 * Open a map in `element`. Where none can be drawn (no network yet, no WebGL) it answers null and the element carries
 * `data-map="failed"`; otherwise `data-map="ready"`.
 * @param {HTMLElement} element
 * @param {{ center?: LatLon, zoom?: number, isStill?: boolean }} [how] a still map cannot be moved
 * @returns {Promise<PhoneMap | null>}
 */
export async function openMap(element, { center = SEOUL, zoom = ZOOM, isStill = false } = {}) {
  element.dataset.map = "loading";
  const found = await load();
  if (!found) return failed(element);
  try {
    const map = new found.Map({
      container: element,
      style: basemap(),
      center: [center.lon, center.lat],
      zoom,
      maxZoom: 18,
      interactive: !isStill,
      attributionControl: page.basemap.style_url ? { compact: true } : false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      renderWorldCopies: false,
      fadeDuration: 0,
      localIdeographFontFamily: `"${FONT}", sans-serif`,
      locale: { "Map.Title": t("phone.map.title") },
    });
    map.touchZoomRotate?.disableRotation();
    await new Promise((resolve) => map.once("style.load", () => resolve(true)));
    element.dataset.map = "ready";
    return new PhoneMap(map, found);
  } catch {
    return failed(element);
  }
}

/** @param {HTMLElement} element @returns {null} */
function failed(element) {
  element.dataset.map = "failed";
  return null;
}

/** A map with the marks of one trip. */
export class PhoneMap {
  /** @param {PhoneGL} map @param {PhoneLibrary} gl */
  constructor(map, gl) {
    this.map = map;
    this.gl = gl;
    /** @type {Map<string, Marker>} */
    this.markers = new Map();
    /** @type {(() => void)[]} */
    this.ends = [];
    map.addSource(ROUTE, { type: "geojson", data: line([]) });
    map.addLayer(casing());
    map.addLayer(course());
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const repaint = () => this.repaint();
    dark.addEventListener("change", repaint);
    addEventListener("daeri:theme", repaint);
    this.ends.push(() => dark.removeEventListener("change", repaint), () => removeEventListener("daeri:theme", repaint));
  }

  /** Show exactly these marks; a mark that moved glides there. @param {MapMarks} marks */
  show(marks) {
    this.mark("origin", marks.origin);
    this.mark("destination", marks.destination);
    this.mark("driver", marks.driver);
    this.mark("here", marks.here);
    const vias = marks.vias ?? [];
    vias.forEach((via, i) => this.mark(`via-${i}`, via, String(i + 1)));
    for (const name of [...this.markers.keys()]) {
      if (name.startsWith("via-") && Number(name.slice(4)) >= vias.length) this.mark(name, null);
    }
    this.map.getSource(ROUTE)?.setData(line(marks.route ?? []));
  }

  /** @param {string} name @param {LatLon | null | undefined} at @param {string} [text] */
  mark(name, at, text = "") {
    const known = this.markers.get(name);
    if (!at) {
      known?.remove();
      this.markers.delete(name);
    } else if (known) {
      known.setLngLat([at.lon, at.lat]);
    } else {
      const element = pin(name.replace(/-\d+$/, ""), text);
      this.markers.set(name, new this.gl.Marker({ element, anchor: anchorOf(name) }).setLngLat([at.lon, at.lat]).addTo(this.map));
    }
  }

  /**
   * Bring these points into view; `bottom` and `top` are pixels that a sheet or a bar covers.
   * @param {readonly (LatLon | null | undefined)[]} points @param {{ bottom?: number, top?: number, maxZoom?: number }} [covered]
   */
  fit(points, { bottom = 0, top = 0, maxZoom = 16 } = {}) {
    const there = points.filter((point) => point !== null && point !== undefined);
    if (there.length === 0) return;
    const [lats, lons] = [there.map((point) => point.lat), there.map((point) => point.lon)];
    /** @type {[[number, number], [number, number]]} */
    const bounds = [[Math.min(...lons), Math.min(...lats)], [Math.max(...lons), Math.max(...lats)]];
    const padding = { top: PADDING + top, bottom: PADDING + bottom, left: PADDING, right: PADDING };
    this.map.fitBounds(bounds, { padding, maxZoom, duration: glide() });
  }

  /** Put this point into the middle. @param {LatLon} point @param {{ zoom?: number, bottom?: number }} [how] */
  center(point, { zoom, bottom = 0 } = {}) {
    const there = /** @type {[number, number]} */ ([point.lon, point.lat]);
    this.map.easeTo({ center: there, ...(zoom ? { zoom } : {}), padding: { bottom, top: 0, left: 0, right: 0 }, duration: glide() });
  }

  /** What lies in the middle, for a pin that stands still while the map moves under it. @returns {LatLon} */
  middle() {
    const { lat, lng } = this.map.getCenter();
    return { lat, lon: lng };
  }

  /**
   * Be told where the middle is, whenever the person has moved the map.
   * @param {(middle: LatLon) => void} listener
   */
  onMoved(listener) {
    this.map.on("moveend", (event) => event.originalEvent && listener(this.middle()));
  }

  /** Be told that a person takes hold of the map. @param {() => void} listener */
  onGrab(listener) {
    this.map.on("movestart", (event) => event.originalEvent && listener());
  }

  /** Be told which point was tapped. @param {(point: LatLon) => void} listener */
  onTap(listener) {
    this.map.on("click", ({ lngLat }) => lngLat && listener({ lat: lngLat.lat, lon: lngLat.lng }));
  }

  /** After its element changed its size. */
  resize() {
    this.map.resize();
  }

  repaint() {
    const style = basemap();
    const under = typeof style === "string" ? [] : style.layers;
    for (const layer of [...under, casing(), course()]) {
      for (const [name, value] of Object.entries(layer.paint)) this.map.setPaintProperty(layer.id, name, value);
    }
  }

  close() {
    for (const end of this.ends) end();
    this.map.remove();
  }
}

/** @param {readonly (readonly [number, number])[]} points [lat, lon] */
function line(points) {
  const coordinates = points.map(([lat, lon]) => [lon, lat]);
  return { type: "Feature", properties: {}, geometry: { type: "LineString", coordinates } };
}

const ROUND = { "line-cap": "round", "line-join": "round" };
const casing = () => ({ id: "route-casing", type: "line", source: ROUTE, layout: ROUND, paint: { "line-color": colour("surface"), "line-width": 9 } });
const course = () => ({ id: "route-line", type: "line", source: ROUTE, layout: ROUND, paint: { "line-color": colour("accent"), "line-width": 5 } });

/** @param {string} kind @param {string} text */
function pin(kind, text) {
  const element = document.createElement("div");
  element.className = "pin";
  element.dataset.pin = kind;
  if (text) element.dataset.text = text;
  return element;
}

/** @param {string} name */
const anchorOf = (name) => (name === "here" || name === "driver" ? "center" : "bottom");

/** No gliding for who asked for less motion. */
const glide = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 500);
