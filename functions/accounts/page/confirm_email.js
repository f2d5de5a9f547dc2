const isDead = "This link was used before, or is no longer valid. Ask for a new one where you changed the address.";

element("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  element("button").disabled = true;
  say("");
  try {
    const answer = await send("/api/auth/confirm-email", { Token: token });
    if (answer.ok) {
      element("form").hidden = true;
      say("Your address is changed. Sign in with it from now on.");
      return;
    }
    const { detail, errors = {} } = await answer.json();
    const taken = errors.Email && "Another account has this address.";
    say(taken || (errors.Token ? isDead : detail), true);
  } catch {
    say(unreachable, true);
  }
  element("button").disabled = false;
});
