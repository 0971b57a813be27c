// Addresses are hashes, so that the service needs to know one page only: #/visit/ID -> ["visit", "ID"].
export function address() {
  return location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decodeURIComponent);
}

export function link(...parts) {
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

export function go(...parts) {
  location.hash = link(...parts);
}

export function onMove(listener) {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}
