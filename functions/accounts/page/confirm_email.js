"use strict";
const token = new URLSearchParams(location.search).get("token") ?? "";
// The token leaves the address bar and the history before anybody can look.
history.replaceState(null, "", location.pathname);
const [form, message, button] = ["form", "message", "button"].map((id) => document.getElementById(id));
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  message.textContent = "";
  try {
    const body = JSON.stringify({ Token: token });
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch("/api/auth/confirm-email", { method: "POST", headers, body });
    if (answer.ok) {
      form.hidden = true;
      message.textContent = "Your address is changed. Sign in with it from now on.";
      return;
    }
    const { detail, errors = {} } = await answer.json();
    if (errors.Email) {
      message.textContent = "Another account has this address.";
    } else {
      message.textContent = errors.Token ? "This link was used before, or is no longer valid. Ask for a new one where you changed the address." : detail;
    }
  } catch {
    message.textContent = "The service can't be reached; try again.";
  }
  button.disabled = false;
});
