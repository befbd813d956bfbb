/** What a caller prefers (RFC 7240): names in lower case, values without their quotes; what comes with them is left out. */
export function readPreferences(prefer: string): ReadonlyMap<string, string> {
  const parts = prefer.match(/(?:[^,"]|"(?:\\.|[^"\\])*")+/g) ?? []
  return new Map(
    parts.flatMap((part) => {
      const [, name = '', quoted, bare = ''] = PREFERENCE.exec(part.trim()) ?? []
      return name ? [[name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? bare] as const] : []
    }),
  )
}

const PREFERENCE = /^([^\s=;]+)\s*(?:=\s*(?:"((?:\\.|[^"\\])*)"|([^\s;]*)))?/
