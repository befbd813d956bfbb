/** The look of the guide, for a page with lists and forms. */
export const WEBHOOKS_STYLE = `
:root {
  color-scheme: light dark;
  --line: color-mix(in srgb, currentColor 18%, transparent);
  --shade: color-mix(in srgb, currentColor 6%, transparent);
  --soft: color-mix(in srgb, currentColor 70%, transparent);
}
* { box-sizing: border-box; }
body { max-width: 46rem; margin: 0 auto; padding: 1rem 1.25rem 4rem; font: 1rem / 1.6 system-ui, sans-serif; overflow-wrap: anywhere; }
h1, h2, h3 { line-height: 1.25; margin: 1em 0 0.5em; }
p { margin: 0.5rem 0; }
code { font: 0.875em / 1.5 ui-monospace, monospace; }
ul, ol { margin: 0.5rem 0; padding-left: 1.25rem; }
#list, .deliveries { padding: 0; list-style: none; }
.webhook { margin: 1rem 0; padding: 0 1rem 0.75rem; border: 1px solid var(--line); border-radius: 6px; }
.deliveries > li { margin: 0.5rem 0; padding: 0.5rem 0.75rem; background: var(--shade); border-radius: 6px; }
.soft, time { color: var(--soft); }
.state { padding: 0.1em 0.5em; border: 1px solid var(--line); border-radius: 1em; font-size: 0.875em; }
.state.disabled, .state.failed { border-color: #c62828; }
.fault { padding: 0.5rem 0.75rem; border-left: 4px solid #c62828; background: var(--shade); }
label { display: block; margin: 0.75rem 0 0.25rem; }
fieldset { margin: 1rem 0; padding: 0.5rem 1rem; border: 1px solid var(--line); border-radius: 6px; }
fieldset label { margin: 0.25rem 0; }
input:not([type=checkbox]), button { min-height: 2.75rem; padding: 0.5rem 0.75rem; border: 1px solid var(--line); border-radius: 6px; color: inherit; background: transparent; font: inherit; }
input:not([type=checkbox]) { width: 100%; border-color: var(--soft); }
button { cursor: pointer; background: var(--shade); }
button:hover { border-color: currentColor; }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
.row { display: flex; flex-wrap: wrap; gap: 0.5rem; margin: 0.5rem 0; }
[hidden] { display: none; }
`
