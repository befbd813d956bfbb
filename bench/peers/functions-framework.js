// Not .cjs: with .js the framework looks up what kind of module this is, as with its documentation's index.js.
const { http } = require('@google-cloud/functions-framework')

http('sayHello', ({ method }, response) => {
  if (method === 'POST') response.status(201).json({ id: 1 })
  else response.json({ pid: 1 })
})
