const express = require('express')

const app = express()
app.get('/v1/say-hello', (_request, response) => response.json({ pid: 1 }))
app.post('/v1/orders', express.json(), (_request, response) => response.status(201).json({ id: 1 }))
app.listen(Number(process.env.PORT), '127.0.0.1')
