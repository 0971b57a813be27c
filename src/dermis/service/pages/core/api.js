// The service's paths, one function each. Errors are the service's own words (RFC 9457), as a Problem.
export class Problem extends Error {
  constructor(status, said) {
    super(said.detail || said.title || `HTTP ${status}`);
    this.status = status;
    this.code = said.code ?? "";
    this.advice = said.advice ?? "";
  }
}

export const session = () => send("GET", "/v1/session");
export const signIn = (name, password) => post("/v1/session", { name, password });
export const signOut = () => send("DELETE", "/v1/session");
export const passkeyOptions = () => post("/v1/session/passkey/options", {});
export const passkeySignIn = (credential) => post("/v1/session/passkey", credential);
export const passkeyAddOptions = () => post("/v1/passkeys/options", {});
export const passkeyAdd = (credential) => post("/v1/passkeys", credential);
export const addUser = (name, password) => post("/v1/users", { name, password });
export const health = () => send("GET", "/v1/health");

export const tasks = () => all("/v1/tasks");
export const subjects = () => all("/v1/subjects");
export const addSubject = (pseudonym) => post("/v1/subjects", { pseudonym });
export const removeSubject = (id) => send("DELETE", `/v1/subjects/${id}`);
export const exportAddress = (id) => `/v1/subjects/${id}/export`;
export const consent = (id) => post(`/v1/subjects/${id}/consents`, { purpose: "keep_photos" });
export const withdrawConsent = (id) => send("DELETE", `/v1/subjects/${id}/consents/keep_photos`);

/** The visits of a person, the first one first; several of one day in the order in which they were made. */
export async function visits(subject) {
  const found = await all(`/v1/subjects/${subject}/visits`);
  return found.sort((a, b) => a.date.localeCompare(b.date) || a.created_at.localeCompare(b.created_at));
}

export const addVisit = (subject, date) => post(`/v1/subjects/${subject}/visits`, { date });
export const visit = (id) => send("GET", `/v1/visits/${id}`);
export const removeVisit = (id) => send("DELETE", `/v1/visits/${id}`);
export const findings = (subject) => all(`/v1/subjects/${subject}/findings?region=face`);

export const analysis = (id) => send("GET", `/v1/analyses/${id}`);
export const change = (before, after) => send("GET", `/v1/analyses/${after}/change?before=${before}`);
export const pixel = (id, x, y) => send("GET", `/v1/analyses/${id}/pixel?x=${Math.floor(x)}&y=${Math.floor(y)}`);
export const mapAddress = (id, name) => `/v1/analyses/${id}/maps/${name}.png`;
export const reportAddress = (id) => `/v1/analyses/${id}/report`;
export const fhirAddress = (id) => `/v1/analyses/${id}/fhir`;
export const photoAddress = (id) => `/v1/analyses/${id}/photo`;

export const person = (id) => send("GET", `/v1/people/${id}`);

/** Analyse one photo of a visit; `ambient` is the darker picture of a flash pair, `pupilsMm` the eyes' distance, if known. */
export function analyse(visit, { photo, ambient = null }, pupilsMm = null) {
  const path = `/v1/analyses?visit=${encodeURIComponent(visit)}${ambient && pupilsMm ? `&pupils_mm=${pupilsMm}` : ""}`;
  if (!ambient) return send("POST", path, photo, photo.type || "image/jpeg");
  const form = new FormData();
  form.append("photo", photo, "bright.jpg");
  form.append("ambient", ambient, "ambient.jpg");
  return send("POST", path, form);
}

/** Analyse several views of a visit, each and together: { front: { photo, ambient }, left: … }. */
export function analyseViews(visit, shots, pupilsMm = null) {
  const form = new FormData();
  for (const [view, { photo, ambient }] of Object.entries(shots)) {
    form.append(view, photo, "photo.jpg");
    if (ambient) form.append(`${view}_ambient`, ambient, "ambient.jpg");
  }
  const paired = pupilsMm && Object.values(shots).some(({ ambient }) => ambient);
  return send("POST", `/v1/people?visit=${encodeURIComponent(visit)}${paired ? `&pupils_mm=${pupilsMm}` : ""}`, form);
}

/** Every item of a list, page by page. */
async function all(path) {
  const items = [];
  let next = "";
  do {
    const cursor = next && `${path.includes("?") ? "&" : "?"}after=${encodeURIComponent(next)}`;
    const page = await send("GET", path + cursor);
    items.push(...page.items);
    next = page.next;
  } while (next);
  return items;
}

function post(path, value) {
  return send("POST", path, JSON.stringify(value), "application/json");
}

async function send(method, path, body, type) {
  const headers = { Accept: "application/json" };
  if (type) headers["Content-Type"] = type;
  if (method === "POST") headers["Idempotency-Key"] = token(); // a retry by the network makes no second one
  let answer;
  try {
    answer = await fetch(path, { method, headers, body, credentials: "same-origin" });
  } catch {
    throw new Problem(0, { code: "unreachable" });
  }
  const said = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, said);
  return said;
}

/** crypto.randomUUID is there over HTTPS only. */
function token() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
