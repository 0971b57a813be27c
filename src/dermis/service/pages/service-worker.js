// Keeps the page and the camera's engine on the device. What the service answers about people is never kept here.
const SHELL = "dermis-shell-1";
const ENGINE = "dermis-engine-1";

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOldCaches().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/engine/")) event.respondWith(cacheFirst(event.request));
  else if (url.pathname === "/" || url.pathname.startsWith("/pages/")) event.respondWith(networkFirst(event.request));
});

async function forgetOldCaches() {
  const names = await caches.keys();
  return Promise.all(names.filter((name) => name !== SHELL && name !== ENGINE).map((name) => caches.delete(name)));
}

async function cacheFirst(request) {
  const cache = await caches.open(ENGINE);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

async function networkFirst(request) {
  const cache = await caches.open(SHELL);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match(request);
    if (kept) return kept;
    throw error;
  }
}
