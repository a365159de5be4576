/** The map behind the screens: fetched after the first screen is painted, and only when a screen shows it. */

import { colour } from "../map/style.js";
import { openMap } from "../phone/map.js";

/** @typedef {import("./types").Scene} Scene */
/** @typedef {import("../phone/map.js").PhoneMap} PhoneMap */

const REACH = "reach";
const CORNERS = 48;
/** Two marks nearer than this would lie on each other. */
const SAME_DEGREES = 0.0005;
/** A single point is shown with the city around it. */
const [CITY_ZOOM, STREET_ZOOM] = [11.5, 15];
const METRES_A_DEGREE = 111_320;
const WIDE = "(min-width: 56rem)";

/** @type {PhoneMap | null} */
let map = null;
let isOpening = false;
/** @type {Scene} */
let scene = {};
let framed = "";

/**
 * Show this scene now, or as soon as the map is here.
 * @param {HTMLElement} element @param {Scene} wanted
 */
export function stage(element, wanted) {
  scene = wanted;
  if (map) play(map);
  else if (!isOpening) void open(element);
}

/** @param {HTMLElement} element */
async function open(element) {
  isOpening = true;
  await painted();
  map = await openMap(element, { zoom: 14 });
  isOpening = false;
  if (!map) return;
  furnish(map);
  map.onMoved((middle) => scene.onMove?.(middle));
  new ResizeObserver(resized).observe(element);
  play(map);
}

/** The panel grew or shrank: what was in view stays in view. */
function resized() {
  // A map that is not shown has no size.
  if (!map || !map.map.getCanvas().parentElement?.clientHeight) return;
  map.resize();
  if (scene.isPinned) return;
  newScene();
  play(map);
}

/** After the frame in which the screen was painted, when the browser has nothing better to do. */
function painted() {
  return new Promise((resolve) => {
    const later = globalThis.requestIdleCallback ?? ((/** @type {() => void} */ work) => setTimeout(work, 50));
    requestAnimationFrame(() => later(() => resolve(undefined)));
  });
}

/** @param {PhoneMap} on */
function furnish(on) {
  on.map.addSource(REACH, { type: "geojson", data: circle(null, 0) });
  on.map.addLayer({ id: REACH, type: "fill", source: REACH, paint: { "fill-color": colour("accent"), "fill-opacity": 0.14 } });
}

/** @param {PhoneMap} on */
function play(on) {
  const { here = null, places = [], line = [], driver = null, radius = null, isPinned = false, frame = "" } = scene;
  const of = (/** @type {string} */ kind) => places.filter((one) => one.kind === kind).map((one) => one.place);
  const [origin = null] = of("origin");
  const [destination = null] = of("destination");
  const isAtOrigin = here && origin && Math.abs(here.lat - origin.lat) + Math.abs(here.lon - origin.lon) < SAME_DEGREES;
  on.show({ origin, destination, vias: of("via"), driver, here: isPinned || isAtOrigin ? null : here, route: line });
  on.map.getSource(REACH)?.setData(circle(origin, radius ?? 0));
  if (frame === framed) return;
  framed = frame;
  if (isPinned && here) on.center(here, { zoom: 16 });
  else frameAll(on);
}

/** @param {PhoneMap} on */
function frameAll(on) {
  const { here = null, places = [], line = [], driver = null, radius = null } = scene;
  const points = [...places.map((one) => one.place), ...line.map(([lat, lon]) => ({ lat, lon })), driver];
  const [origin] = places;
  if (radius && origin) points.push(...reach(origin.place, radius));
  if (points.length === 0) points.push(here);
  on.fit(points, { bottom: matchMedia(WIDE).matches ? 0 : 24, maxZoom: new Set(points.filter(Boolean).map((point) => `${point?.lat},${point?.lon}`)).size > 1 ? STREET_ZOOM : CITY_ZOOM });
}

/** The northernmost and southernmost points of a circle, for framing. @param {{ lat: number, lon: number }} around @param {number} radius */
function reach({ lat, lon }, radius) {
  const by = radius / METRES_A_DEGREE;
  return [{ lat: lat + by, lon }, { lat: lat - by, lon }];
}

/** @param {{ lat: number, lon: number } | null} around @param {number} radius metres */
function circle(around, radius) {
  /** @type {[number, number][]} */
  const ring = [];
  for (let corner = 0; around && radius && corner <= CORNERS; corner++) {
    const angle = (2 * Math.PI * corner) / CORNERS;
    const north = (radius * Math.cos(angle)) / METRES_A_DEGREE;
    const east = (radius * Math.sin(angle)) / (METRES_A_DEGREE * Math.cos((around.lat * Math.PI) / 180));
    ring.push([around.lon + east, around.lat + north]);
  }
  return { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: ring.length ? [ring] : [] } };
}

/** Frame the scene anew the next time: another screen begins. */
export function newScene() {
  framed = "";
}
