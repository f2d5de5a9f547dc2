for (const block of document.querySelectorAll('pre')) addCopyButton(block);

const button = document.getElementById('demo');
const result = document.getElementById('demo-result');
button.addEventListener('click', async () => {
  button.disabled = true;
  result.textContent = 'One moment …';
  try {
    const answer = await fetch('/_local/demo', { method: 'POST' });
    const made = await answer.json();
    if (answer.ok) show(made);
    else result.textContent = `It can't be made: ${made.Error ?? made.title}`;
  } catch {
    result.textContent = 'The API did not answer. Does it still run?';
  }
  button.disabled = false;
});

function show(made) {
  const part = document.getElementById('demo-made').content.cloneNode(true);
  for (const field of part.querySelectorAll('[data-field]')) field.textContent = made[field.dataset.field];
  part.querySelector('[data-command]').textContent =
    `curl -s ${location.origin}/api/organization -H 'Authorization: Bearer ${made.Token}'`;
  addCopyButton(part.querySelector('pre'));
  result.replaceChildren(part);
}

function addCopyButton(block) {
  const copy = document.createElement('button');
  copy.type = 'button';
  copy.className = 'copy';
  copy.textContent = 'Copy';
  copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(block.querySelector('code').textContent);
    copy.textContent = 'Copied';
  });
  const line = document.createElement('p');
  line.append(copy);
  block.after(line);
}
