const { createServer } = require('node:http')

createServer((request, response) => {
  response.setHeader('content-type', 'application/json')
  if (request.method === 'GET') return response.end(JSON.stringify({ pid: 1 }))
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    JSON.parse(Buffer.concat(chunks).toString())
    response.statusCode = 201
    response.end(JSON.stringify({ id: 1 }))
  })
}).listen(Number(process.env.PORT), '127.0.0.1')
