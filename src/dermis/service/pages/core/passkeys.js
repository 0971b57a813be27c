// Passkeys (WebAuthn): the service's JSON to the browser's credentials and back.
import { passkeyOptions, passkeySignIn, passkeyAdd, passkeyAddOptions } from "./api.js";

/** Passkeys belong to a name: browsers refuse them to an address of numbers, such as 127.0.0.1. */
export function canUsePasskeys() {
  const numbers = /^[\d.]+$|:/.test(location.hostname);
  return isSecureContext && !numbers && "PublicKeyCredential" in globalThis;
}

export async function signInWithPasskey() {
  const options = await passkeyOptions();
  const credential = await navigator.credentials.get({
    publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: named(options.allowCredentials) },
  });
  return passkeySignIn(asJson(credential));
}

export async function addPasskey() {
  const options = await passkeyAddOptions();
  const credential = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: named(options.excludeCredentials),
    },
  });
  return passkeyAdd(asJson(credential));
}

function asJson({ id, rawId, type, response }) {
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"].filter((name) => response[name]);
  return { id, rawId: text(rawId), type, response: Object.fromEntries(parts.map((name) => [name, text(response[name])])) };
}

function named(credentials = []) {
  return credentials.map((one) => ({ ...one, id: bytes(one.id) }));
}

/** base64url, the form in which WebAuthn's bytes travel. */
function bytes(said) {
  const plain = atob(said.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
