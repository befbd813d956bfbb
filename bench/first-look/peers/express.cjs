const express = require('express')

const app = express()
app.get('/v1/say-hello', (_request, response) => response.json({ message: 'hello' }))
app.listen(Number(process.env.PORT), '127.0.0.1')
