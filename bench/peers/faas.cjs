module.exports = {
  handle: ({ method }) => (method === 'POST' ? { statusCode: 201, body: { id: 1 } } : { pid: 1 }),
}
