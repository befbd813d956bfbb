const { createServer } = require('node:http')

createServer((_request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end('{"message":"hello"}')
}).listen(Number(process.env.PORT), '127.0.0.1')
