// Line icons, 24 x 24, drawn here; they are decoration beside words and hidden from screen readers.
import { html } from "../core/ui.js";

const PATHS = {
  camera: "M4 8h3l2-3h6l2 3h3v11H4z M12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z",
  file: "M5 4h14v16H5z M5 16l4-5 4 4 2-2 4 4 M15.5 8.5h.01",
  flash: "M13 3 6 14h5l-1 7 8-12h-5z",
  close: "M6 6l12 12 M18 6 6 18",
  back: "M14 6l-6 6 6 6",
  good: "M5 12.5l4.5 4.5L19 7.5",
  warn: "M12 4 3 20h18z M12 10v4 M12 17h.01",
  bad: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z M9 9l6 6 M15 9l-6 6",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z M12 11v5 M12 8h.01",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M4 21c0-4 4-6 8-6s8 2 8 6",
  gear: "M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z M12 3v3 M12 18v3 M3 12h3 M18 12h3 M5.6 5.6l2.2 2.2 M16.2 16.2l2.2 2.2 M18.4 5.6l-2.2 2.2 M7.8 16.2l-2.2 2.2",
  print: "M7 9V4h10v5 M7 17H4V9h16v8h-3 M7 14h10v6H7z",
  download: "M12 4v11 M7 11l5 5 5-5 M5 20h14",
  bin: "M5 7h14 M9 7V4h6v3 M7 7l1 13h8l1-13",
  report: "M6 3h9l4 4v14H6z M9 12h7 M9 16h7 M9 8h3",
  zoom: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13z M15.5 15.5 20 20",
  change: "M4 9h13l-3-3 M20 15H7l3 3",
  plus: "M12 5v14 M5 12h14",
};

export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`;
}

export function Brand() {
  return html`<svg class="brand" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <path d="M8 13c0-5 3.6-8.500 8-8.500s8 3.500 8 8.500v5c0 6-3.600 10.500-8 10.500s-8-4.500-8-10.500z" />
    <path d="M12 19.500c1.100 1.700 2.400 2.500 4 2.500s2.900-.8 4-2.500" />
  </svg>`;
}
