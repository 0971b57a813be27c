// Photos on this device: those of the visit in hand in memory, and, if the person wants it, in this browser's database.
const DATABASE = "dermis";
const STORE = "photos";
const inHand = new Map();

export function hold(analysisId, blob) {
  inHand.set(analysisId, blob);
}

/** The photo of an analysis, a Blob, or null where this device does not have it. */
export async function photoOf(analysisId) {
  return inHand.get(analysisId) ?? (await ask("readonly", (store) => store.get(analysisId))) ?? null;
}

export async function keep(analysisId, blob) {
  hold(analysisId, blob);
  await ask("readwrite", (store) => store.put(blob, analysisId));
}

export async function forget(analysisIds) {
  for (const id of analysisIds) {
    inHand.delete(id);
    await ask("readwrite", (store) => store.delete(id));
  }
}

export async function forgetAll() {
  inHand.clear();
  await ask("readwrite", (store) => store.clear());
}

export async function countKept() {
  return (await ask("readonly", (store) => store.count())) ?? 0;
}

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Answers undefined where the browser keeps no database (private windows of some browsers). */
async function ask(mode, question) {
  let database;
  try {
    database = await open();
  } catch {
    return undefined;
  }
  return new Promise((resolve) => {
    const request = question(database.transaction(STORE, mode).objectStore(STORE));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(undefined);
  }).finally(() => database.close());
}
