/** What maps on telephones use of MapLibre GL beyond the console's part. */

import type { GLMap } from "../map/maplibre";

export interface PhoneMapEvent {
  lngLat?: { lng: number; lat: number };
  /** There when a person moved the map, and not when we did. */
  originalEvent?: unknown;
}

export interface PhoneGL extends Omit<GLMap, "on"> {
  on(name: string, listener: (event: PhoneMapEvent) => void): unknown;
  easeTo(options: object): unknown;
  getCenter(): { lat: number; lng: number };
  getZoom(): number;
  resize(): unknown;
  remove(): unknown;
  touchZoomRotate?: { disableRotation(): void };
}

export interface Marker {
  setLngLat(at: [number, number]): Marker;
  addTo(map: PhoneGL): Marker;
  getElement(): HTMLElement;
  remove(): Marker;
}

export interface PhoneLibrary {
  Map: new (options: object) => PhoneGL;
  Marker: new (options: object) => Marker;
  setWorkerUrl(url: string): void;
}
