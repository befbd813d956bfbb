/**
 * A text that a terminal only shows: what could move its cursor, colour it or turn its direction is spelt out. In JSON it
 * stays the same JSON.
 */
export const printable = (text: string): string =>
  text.replaceAll(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0')
    return `\\u${code}`
  })
