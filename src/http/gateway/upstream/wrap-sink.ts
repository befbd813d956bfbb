import type { ResponseSink } from './upstream-request.ts'

/** A sink that does what `parts` say, and the rest, back-pressure among it, as `sink` does. */
export const wrapSink = (sink: ResponseSink, parts: Partial<Omit<ResponseSink, 'onDrain'>>): ResponseSink => ({
  ...sink,
  ...parts,
  get onDrain() {
    return sink.onDrain
  },
  set onDrain(drain) {
    sink.onDrain = drain
  },
})
