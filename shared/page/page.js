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
