const configuration = (token) => ({
  ...quiet,
  url: '/openapi.json',
  servers: [{ url: location.origin, description: 'This machine' }],
  authentication: { preferredSecurityScheme: 'bearer', securitySchemes: { bearer: { token } } },
});

const reference = Scalar.createApiReference('#reference', configuration(''));
const form = document.getElementById('sign-in');
const status = document.getElementById('signed-in');

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  status.textContent = 'One moment …';
  try {
    const { email, password, code } = Object.fromEntries(new FormData(form));
    const user = await post('/api/auth/login', { Email: email, Password: password });
    const own = user.Organizations.map((organization) => organization.IdentityOrganizationId);
    const chosen = code.trim() || (own.length === 1 ? own[0] : '');
    const token = chosen ? await post('/api/auth/access', { OrgCode: chosen }, user.AccessToken) : user;
    reference.updateConfiguration(configuration(token.AccessToken));
    status.textContent = chosen ? `Signed in to ${chosen}` : 'Signed in, to no organization';
    form.elements.password.value = '';
  } catch (error) {
    status.textContent = error.message;
  }
});
form.querySelector('button').disabled = false;

async function post(path, body, token) {
  const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.detail ?? content.title);
  return content;
}
