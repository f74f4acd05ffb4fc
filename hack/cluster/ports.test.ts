import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { findPorts } from './ports.ts'

test('ports are different, free to listen on, and outside the range for outgoing connections', async () => {
  const ports = await findPorts(5)
  expect(new Set(ports).size).toBe(5)
  expect(ports.every((port) => port >= 20_000 && port < 32_768)).toBe(true)
  const server = createServer().listen(ports[0], '127.0.0.1')
  await once(server, 'listening')
  server.close()
})
