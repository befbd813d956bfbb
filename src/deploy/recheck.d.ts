/** The checker in plain JavaScript: its main entry would look for Java or a binary of its own. */
declare module 'recheck/lib/browser.js' {
  const recheck: typeof import('recheck')
  export = recheck
}
