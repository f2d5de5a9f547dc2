"use strict";
const token = new URLSearchParams(location.search).get("token") ?? "";
// The token leaves the address bar and the history before anybody can look.
history.replaceState(null, "", location.pathname);
const element = (id) => document.getElementById(id);
const [who, form, names, secret, why, message, button] =
  ["who", "form", "names", "secret", "why", "message", "button"].map(element);
const send = (path, body) =>
  fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
const isDead = "This link was used before, or is no longer valid. Ask whoever invited you for a new one.";
const unreachable = "The service can't be reached; try again.";

const show = async () => {
  try {
    const answer = await send("/api/invitations/view", { Token: token });
    const invitation = await answer.json();
    if (!answer.ok) {
      who.textContent = invitation.errors?.Token ? isDead : invitation.detail;
      return;
    }
    const { InviterName: inviter, OrganizationName: organization, Email: email } = invitation;
    who.textContent = inviter
      ? `${inviter} invites you (${email}) to ${organization}.`
      : `${organization} invites you (${email}).`;
    element("first").value = invitation.FirstName ?? "";
    element("last").value = invitation.LastName ?? "";
    names.hidden = !invitation.MakesAccount || (invitation.FirstName && invitation.LastName);
    secret.hidden = !invitation.MakesAccount && !invitation.EndsPassword;
    why.textContent = invitation.MakesAccount
      ? "Choose a password for your account."
      : "Nobody has proven the address of your account so far. Choose a new password, since the present one ends.";
    for (const [part, ids] of [[names, ["first", "last"]], [secret, ["password"]]]) {
      for (const id of ids) element(id).required = !part.hidden;
    }
    form.hidden = false;
  } catch {
    who.textContent = unreachable;
  }
};

element("toggle").addEventListener("click", () => {
  const isShown = element("password").type === "text";
  element("password").type = isShown ? "password" : "text";
  element("toggle").textContent = isShown ? "Show" : "Hide";
  element("toggle").setAttribute("aria-pressed", String(!isShown));
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  message.textContent = "";
  const body = { Token: token };
  if (!secret.hidden) body.Password = element("password").value;
  if (!names.hidden) Object.assign(body, { FirstName: element("first").value, LastName: element("last").value });
  try {
    const answer = await send("/api/invitations/accept", body);
    const { AccountCreated: created, Name: organization, detail, errors = {} } = await answer.json();
    if (answer.ok) {
      form.hidden = true;
      message.textContent = created
        ? `You belong to ${organization} now. Sign in with your new password.`
        : `You belong to ${organization} now. Sign in as always.`;
      return;
    }
    const labels = { FirstName: "The first name", LastName: "The last name", Password: "The password" };
    const sentences = Object.keys(labels).filter((name) => errors[name])
      .map((name) => `${labels[name]} ${errors[name].join(", ")}.`);
    message.textContent = errors.Token ? isDead : sentences.join(" ") || detail;
  } catch {
    message.textContent = unreachable;
  }
  button.disabled = false;
});
show();
