// A target of its own process: fastify with @fastify/http-proxy as its documentation sets it up.
import httpProxy from '@fastify/http-proxy'
import fastify from 'fastify'

const [upstream] = process.argv.slice(2)
if (upstream === undefined) throw new Error('usage: http-proxy.ts <origin of the upstream>')

const server = fastify()
await server.register(httpProxy, { upstream })
const address = await server.listen({ port: 0, host: '127.0.0.1' })
process.stdout.write(`listening ${new URL(address).port}\n`)
