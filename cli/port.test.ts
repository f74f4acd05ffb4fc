// Ports that are free, taken or refused.
import { once } from 'node:events'
import type { Server } from 'node:net'
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { choosePort, toPortError } from './port.ts'

async function occupy(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer().listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const address = server.address()
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 }
}

describe('choosePort', () => {
  it('takes the usual port when it is free', async () => {
    const { server, port } = await occupy()
    server.close()
    await once(server, 'close')
    expect(await choosePort({ usual: port })).toBe(port)
  })

  it('leaves the usual port to whoever has it', async () => {
    const { server, port } = await occupy()
    expect(await choosePort({ usual: port })).toBe(0)
    server.close()
  })

  it('says that the wanted port is in use and what to do', async () => {
    const { server, port } = await occupy()
    await expect(choosePort({ wanted: port, usual: 0 })).rejects.toMatchObject({
      code: 'port_in_use',
      message: `port ${port} on 127.0.0.1 is in use by another program`,
      advice: [expect.stringContaining('--port'), expect.stringContaining('any free one')],
    })
    server.close()
  })

  it('says which rights are missing for a port that is refused', () => {
    expect(toPortError(80, 'EACCES')).toMatchObject({
      code: 'port_refused',
      message: 'port 80 on 127.0.0.1 cannot be opened (EACCES)',
      advice: [expect.stringContaining('below 1024')],
    })
  })

  it('gives any port for 0', async () => {
    expect(await choosePort({ wanted: 0, usual: 1 })).toBe(0)
  })
})
