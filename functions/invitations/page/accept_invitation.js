const [who, form, names, secret, why, button] =
  ["who", "form", "names", "secret", "why", "button"].map(element);
const isDead = "This link was used before, or is no longer valid. Ask whoever invited you for a new one.";

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
    const [local, domain] = email.split(/@(?=[^@]*$)/);
    // The top level says nothing of the person.
    known = () => {
      const [first, last] = [element("first").value, element("last").value];
      const names = [first, last, `${first} ${last}`, `${last} ${first}`, organization];
      return [email, local, domain.replace(/\.[^.]*$/, ""), domain, ...names];
    };
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

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  say("");
  const body = { Token: token };
  if (!secret.hidden) body.Password = element("password").value;
  if (!names.hidden) Object.assign(body, { FirstName: element("first").value, LastName: element("last").value });
  try {
    const answer = await send("/api/invitations/accept", body);
    const { AccountCreated: created, Name: organization, detail, errors = {} } = await answer.json();
    if (answer.ok) {
      form.hidden = true;
      say(`You belong to ${organization} now. Sign in ${created ? "with your new password" : "as always"}.`);
      return;
    }
    const labels = { FirstName: "The first name", LastName: "The last name", Password: "The password" };
    const sentences = Object.keys(labels).filter((name) => errors[name])
      .map((name) => `${labels[name]} ${errors[name].join(", ")}.`);
    say(errors.Token ? isDead : sentences.join(" ") || detail, true);
  } catch {
    say(unreachable, true);
  }
  button.disabled = false;
});
show();
