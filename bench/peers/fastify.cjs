const { fastify } = require('fastify')

const app = fastify()
app.get('/v1/say-hello', async () => ({ pid: 1 }))
app.post('/v1/orders', async (_request, reply) => reply.code(201).send({ id: 1 }))
app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
