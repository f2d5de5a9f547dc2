const [form, again, password] = ["form", "again", "password"].map(element);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  element("button").disabled = true;
  say("");
  try {
    const answer = await send("/api/auth/reset-password", { Token: token, Password: password.value });
    if (answer.ok) {
      form.hidden = true;
      say("Your password is set. You can sign in now.");
      return;
    }
    const { detail, errors = {} } = await answer.json();
    if (errors.Token) {
      form.hidden = true;
      again.hidden = false;
      say("This link was used before, or is no longer valid. Ask for a new one.", true);
    } else {
      say(errors.Password ? `The password ${errors.Password.join(", ")}.` : detail, true);
      password.focus();
    }
  } catch {
    say(unreachable, true);
  }
  element("button").disabled = false;
});

again.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const answer = await send("/api/auth/forgot-password", { Email: element("email").value });
    const { detail, errors = {} } = answer.ok ? {} : await answer.json();
    if (answer.ok) {
      again.hidden = true;
      say("If the address has an account, a new link is on its way to it.");
    } else {
      say(errors.Email ? `The address ${errors.Email.join(", ")}.` : detail, true);
    }
  } catch {
    say(unreachable, true);
  }
});
