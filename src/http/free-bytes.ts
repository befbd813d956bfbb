/**
 * Gives the memory of bytes back at once, where they have all of it to themselves. Left to V8, what was read and dropped
 * under load would pile up to many times what is in use before it is collected.
 */
export function freeBytes({ buffer, length }: Buffer): void {
  if (length > 0 && length === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0)
}
