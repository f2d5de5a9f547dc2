"use strict";
const token = new URLSearchParams(location.search).get("token") ?? "";
// The token leaves the address bar and the history before anybody can look.
history.replaceState(null, "", location.pathname);
const element = (id) => document.getElementById(id);
const unreachable = "The service can't be reached; try again.";
const send = (path, body) =>
  fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

function say(text, isBad = false) {
  element("message").textContent = text;
  element("message").className = isBad ? "bad" : "";
}

element("toggle")?.addEventListener("click", () => {
  const [password, toggle] = ["password", "toggle"].map(element);
  const isShown = password.type === "text";
  password.type = isShown ? "password" : "text";
  toggle.textContent = isShown ? "Show" : "Hide";
  toggle.setAttribute("aria-pressed", String(!isShown));
});

// Returns what the page knows of the person, whose names make bad passwords.
let known = () => [];

// Each word of a name, and the words from its beginning on as one: "acme", "gmbh", "acmegmbh".
function words(name) {
  let together = "";
  const parts = name.normalize().toLowerCase().split(/[^\p{Alphabetic}\p{N}]+/u);
  return parts.flatMap((word) => [word, (together += word)]);
}

// The server's rule, but for what the page doesn't know: the passwords that everybody tries first, and any further names.
function flaw(password) {
  const missing = 8 - [...password.normalize()].length;
  if (missing > 0) return `${missing} more to go.`;
  const typed = password.normalize().toLowerCase();
  const written = typed.replace(/[^\p{Alphabetic}\p{N}]/gu, "");
  const isMadeOf = (word) => word && written.startsWith(word) && !/\p{Alphabetic}/u.test(written.slice(word.length));
  const isName = known().some((name) => name.toLowerCase() === typed) || known().flatMap(words).some(isMadeOf);
  return isName ? "That is a name or a part of your e-mail address." : "";
}

element("password")?.addEventListener("input", ({ target: { value } }) => {
  element("flaw").textContent = value && flaw(value);
  // A password with a flaw never fills the meter.
  element("meter").value = Math.min([...value.normalize()].length, flaw(value) ? 7 : 8);
});
