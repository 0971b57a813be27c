// The one door to preact: components are functions, markup is htm's tagged template.
import { h, render, Fragment } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

export { useCallback, useEffect, useMemo, useRef, useState } from "../vendor/hooks.js";
export { Fragment, render };
export const html = htm.bind(h);
