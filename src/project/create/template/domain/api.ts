/** Title and description of the API in its reference, at /docs and in /openapi.json. */
export const api = {
  title: '{{name}}',
  version: '1.0.0',
  description: 'Notes, and how many words each of them has.',
}
