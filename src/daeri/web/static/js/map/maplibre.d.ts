/** The part of MapLibre GL that the pages use; the library itself is vendor/maplibre-gl-csp.js. */

export interface GeoJSONSource {
  setData(data: unknown): unknown;
  updateData(diff: unknown): unknown;
}

export interface MapFeature {
  id?: string | number;
  properties: Record<string, unknown>;
  geometry: { type: string; coordinates: [number, number] };
}

export interface MapMouseEvent {
  features?: MapFeature[];
  lngLat: { lng: number; lat: number };
}

export interface GLMap {
  on(name: "load" | "styledata" | "idle", listener: () => void): unknown;
  on(name: "error", listener: (event: { error: Error }) => void): unknown;
  on(name: string, layer: string | string[], listener: (event: MapMouseEvent) => void): unknown;
  once(name: string, listener: () => void): unknown;
  addControl(control: unknown, corner?: string): unknown;
  addImage(id: string, image: { width: number; height: number; data: Uint8ClampedArray }, options: { sdf: boolean }): unknown;
  addSource(id: string, source: unknown): unknown;
  addLayer(layer: unknown): unknown;
  getSource(id: string): GeoJSONSource | undefined;
  getLayer(id: string): unknown;
  setPaintProperty(layer: string, name: string, value: unknown): unknown;
  setFilter(layer: string, filter: unknown): unknown;
  fitBounds(bounds: [[number, number], [number, number]], options?: object): unknown;
  getCanvas(): HTMLCanvasElement;
  isStyleLoaded(): boolean;
}

export interface Popup {
  setLngLat(at: [number, number]): Popup;
  setDOMContent(node: Node): Popup;
  addTo(map: GLMap): Popup;
  remove(): Popup;
}

export interface MapLibre {
  Map: new (options: object) => GLMap;
  Popup: new (options?: object) => Popup;
  NavigationControl: new (options?: object) => unknown;
  setWorkerUrl(url: string): void;
}

declare global {
  // eslint-disable-next-line no-var
  var maplibregl: MapLibre | undefined;
}
