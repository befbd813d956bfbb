/** The look of the guide, for a page with one form. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --line: color-mix(in srgb, currentColor 18%, transparent);
  --shade: color-mix(in srgb, currentColor 6%, transparent);
  --soft: color-mix(in srgb, currentColor 70%, transparent);
}
* { box-sizing: border-box; }
body {
  max-width: 30rem;
  margin: 0 auto;
  padding: 1rem 1.25rem 3rem;
  font: 1rem / 1.6 system-ui, sans-serif;
  overflow-wrap: anywhere;
}
h1 { margin: 1.5rem 0 0.25rem; line-height: 1.25; }
p { margin: 0.5rem 0; }
small, .soft { color: var(--soft); }
ul { margin: 1.25rem 0; padding: 0; list-style: none; }
li { margin: 0.5rem 0; }
form { margin: 1.25rem 0; }
label { display: block; margin: 0.75rem 0 0.25rem; font-weight: 600; }
input, button {
  width: 100%;
  min-height: 2.75rem;
  padding: 0.5rem 0.75rem;
  border: 1px solid var(--line);
  border-radius: 6px;
  color: inherit;
  background: transparent;
  font: inherit;
  text-align: left;
}
input { border-color: var(--soft); }
button { cursor: pointer; background: var(--shade); }
button:hover { border-color: currentColor; }
button small { display: block; }
button.plain { width: auto; background: none; }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
[role='alert'] { padding: 0.5rem 0.75rem; border-left: 4px solid #c62828; background: var(--shade); }
.row { display: flex; flex-wrap: wrap; gap: 0.5rem; }
.row button { width: auto; padding-inline: 1.25rem; }
`
